# One line each; `make ci` is what a change must pass.
.PHONY: build test race lint vet fuzz bench cross ci long

build: ; CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/gowats ./app/cmd/gowats
test:  ; go test work
race:  ; go test -race work
vet:   ; go vet work
lint:  ; .ci/lint
fuzz:  ; .ci/fuzz 60s
bench: ; go test -run='^$$' -bench=. -benchmem ./report ./convert ./queue ./app/store && go run ./app/bench/load -n 5000 -c 64 && go run ./app/bench/bulk
cross: ; .ci/cross
ci:    ; .ci/run
long:  ; GOWATS_LONG=1 go test -timeout=2h work && .ci/fuzz 10m && go run ./app/bench/load -n 1000000 -c 64
