package contract_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const contractFile = "../../api/openapi.yaml"

func TestContractIsValidOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}
