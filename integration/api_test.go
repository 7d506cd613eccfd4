package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// call makes one request of the API and decodes its answer into out, unless
// out is nil. Headers are names and values in turn. An answer that is not 2xx
// is a *problem.
func (d *deployment) call(method, path string, in, out any, headers ...string) error {
	return d.callAt(method, "/api/v1"+path, in, out, headers...)
}

// callAt is call for any path of the API address.
func (d *deployment) callAt(method, path string, in, out any, headers ...string) error {
	var body io.Reader
	if in != nil {
		octets, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(octets)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.demo.API+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Prefer", "wait=50")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := d.client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		p := &problem{status: resp.StatusCode, text: string(answer)}
		return errors.Join(p, json.Unmarshal(answer, p))
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// stream begins a list of flows, such as ?limit=10. The caller closes its body,
// or ends ctx.
func (d *deployment) stream(ctx context.Context, query string) *http.Response {
	d.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.demo.API+"/api/v1/flows"+query, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		d.t.Fatalf("flows: %s", resp.Status)
	}
	return resp
}

// problem is an answer that refuses.
type problem struct {
	status int
	text   string
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.text) }

func decode(text string, into any) error { return json.Unmarshal([]byte(text), into) }
