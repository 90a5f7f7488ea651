package wats_test

import (
	"encoding/json"
	"testing"

	"github.com/gowats/gowats"
)

// What is read, changed and written back keeps what only the server knows.
func TestMembersOfServersSurvive(t *testing.T) {
	roundTrip := func(v any, text, want string) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := json.Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("%T of %s\ngot  %s, %v\nwant %s", v, text, got, err, want)
		}
	}
	roundTrip(new(wats.Product),
		`{"partNumber":"P","name":null,"state":0,"category":"Power","revisions":[{"revision":"A","state":1,"tags":null,"x":{"a":1}}],"tags":null,"y":[1]}`,
		`{"partNumber":"P","name":"","description":"","nonSerial":false,"state":0,"productCategoryName":"Power","revisions":[`+
			`{"revision":"A","partNumber":"P","name":"","description":"","state":1,"tags":[],"x":{"a":1}}],"tags":[],"y":[1]}`)
	roundTrip(new(wats.Vendor), `{"vendorId":"7","name":"Acme","city":"Oslo"}`, `{"vendorId":"7","name":"Acme","city":"Oslo"}`)
	roundTrip(new(wats.FailCode), `{"GUID":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","Description":"Bridge","Selectable":false,"Status":null,"z":true}`,
		`{"GUID":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","Description":"Bridge","SortOrder":0,"FailureType":0,"ImageConstraint":"","Status":1,"Failcodes":[],"Selectable":false,"z":true}`)
	roundTrip(new(wats.FailCode), `{"Description":"Bridge"}`,
		`{"Description":"Bridge","SortOrder":0,"FailureType":0,"ImageConstraint":"","Status":1,"Failcodes":[],"Selectable":true}`)
	roundTrip(new(wats.RepairOperation), `{"Description":"Repair","MiscInfos":[{"a":1},2],"w":0}`,
		`{"Description":"Repair","UUTRequired":1,"CompRefMask":"","CompRefMaskDescription":"","BomConstraint":"","BOMRequired":1,"VendorRequired":2,"Categories":[],"MiscInfos":[{"a":1},2],"w":0}`)
	roundTrip(new(wats.ProcessInfo), `{"Code":31,"Name":"ICT","IsWIPOperation":true,"State":7,"ProcessID":null}`,
		`{"code":31,"name":"ICT","description":"","isTestOperation":false,"isRepairOperation":false,"isWipOperation":true,"processIndex":0,"state":7}`)
}

func TestActiveState(t *testing.T) {
	if s := new(wats.Product).State; s != wats.Active || s.Number() != 1 || s.String() != "active" {
		t.Errorf("the zero state: got %v, %d on the wire; want active, 1", s, s.Number())
	}
	for number, want := range map[int]string{0: "inactive", 1: "active", 2: "2", -1: "-1"} {
		if s := wats.ActiveStateOf(number); s.Number() != number || s.String() != want {
			t.Errorf("state %d: got %v, %d on the wire", number, s, s.Number())
		}
	}
}
