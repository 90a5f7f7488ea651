module github.com/gowats/gowats

go 1.26
