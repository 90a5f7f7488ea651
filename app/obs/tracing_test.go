package obs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gowats/gowats"
)

// A client is traced by wrapping its transport: every try becomes a span of its own below that of the caller, and the server gets the
// header traceparent (W3C Trace Context). Spans hold address and status, and no header.
func Example_tracing() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the server gets a traceparent:", r.Header.Get("Traceparent") != "")
		_, _ = w.Write([]byte(`"26.1"`))
	}))
	defer server.Close()

	ctx := context.Background()
	spans := tracetest.NewInMemoryExporter() // in production otlptracehttp, and trace.WithBatcher
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	defer func() { _ = provider.Shutdown(ctx) }() // all spans are out already

	client, err := wats.NewClient(server.URL, wats.WithTransport(otelhttp.NewTransport(http.DefaultTransport,
		otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(propagation.TraceContext{}))))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, span := provider.Tracer("station").Start(ctx, "check the server")
	_, err = client.Version(ctx)
	span.End()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range spans.GetSpans() {
		fmt.Println("span:", s.Name)
	}
	// Output:
	// the server gets a traceparent: true
	// span: HTTP GET
	// span: check the server
}
