package secret_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/secret"
)

// A client takes its token from the store before every try, so that a token that another process renews is used at once.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the server gets:", r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`"26.1"`))
	}))
	defer server.Close()
	folder, err := os.MkdirTemp("", "secrets")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	ctx := context.Background()
	secrets, err := secret.Open(ctx, secret.Options{Folder: folder, Policy: secret.FileOnly})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := secrets.Set(ctx, "token", "dXNlcjpwYXNzd29yZA=="); err != nil {
		fmt.Println(err)
		return
	}

	client, err := wats.NewClient(server.URL, wats.WithTokenSource(func(ctx context.Context) (wats.Token, error) {
		token, err := secrets.Get(ctx, "token")
		return wats.BasicToken(token), err
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	version, err := client.Version(ctx)
	fmt.Println(version, err)
	fmt.Println("the key lies in the", secrets.Backend())
	// Output:
	// the server gets: Basic dXNlcjpwYXNzd29yZA==
	// 26.1 <nil>
	// the key lies in the key file
}
