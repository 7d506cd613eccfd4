package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWhoMayDoWhat(t *testing.T) {
	tests := []struct {
		token, method, path, body string
		want                      int
	}{
		{"", "GET", "/api/v1/units", "", 401},
		{"nobody", "GET", "/api/v1/units", "", 401},
		{"viewer", "GET", "/api/v1/units", "", 200},
		{"viewer", "POST", "/api/v1/queries", `{"kind":"total"}`, 202},
		{"viewer", "POST", "/api/v1/units", `{"name":"a","role":"proxy","control":"192.0.2.1:2210","query":"192.0.2.1:4210"}`, 403},
		{"operator", "POST", "/api/v1/units", `{"name":"a","role":"proxy","control":"192.0.2.1:2210","query":"192.0.2.1:4210"}`, 202},
		{"operator", "GET", "/api/v1/tokens", "", 403},
		{"admin", "GET", "/api/v1/tokens", "", 200},
		{"", "GET", "/api/v1/openapi.json", "", 200},
		{"", "GET", "/api/v1/openapi.yaml", "", 200},
		{"", "GET", "/api/docs/index.html", "", 200},
		{"", "POST", "/graphql", "{}", 401},
		{"viewer", "POST", "/graphql", "{}", 200},
		{"", "GET", "/", "", 200},
		{"", "GET", "/explore", "", 200},
		{"admin", "GET", "/api/v1/nothing", "", 404},
		{"admin", "GET", "/api/v2/units", "", 404},
		{"admin", "PUT", "/api/v1/units", "", 405},
	}
	for _, test := range tests {
		t.Run(test.token+" "+test.method+" "+test.path, func(t *testing.T) {
			s := serve(t)
			want := test.want
			if strings.HasSuffix(test.path, "/queries") {
				want = 200 // the fake answers at once
			}
			w := s.ask(test.token, test.method, test.path, test.body)
			if w.Code != want {
				t.Errorf("%s %s as %q = %d, want %d: %s", test.method, test.path, test.token, w.Code, want, w.Body)
			}
			if w.Code == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
			if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("a refusal came as %s", w.Header().Get("Content-Type"))
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Error("no X-Request-Id")
			}
		})
	}
}

func TestEveryOperationNamesItsRole(t *testing.T) {
	for path, item := range mustSpec().Paths.Map() {
		for method, operation := range item.Operations() {
			_, named := operation.Extensions[roleExtension]
			if named == isPublic(operation) {
				t.Errorf("%s %s: want either %s or an empty security", method, path, roleExtension)
			}
		}
	}
}

func TestLogin(t *testing.T) {
	s := serve(t)
	w := s.ask("", "POST", "/api/v1/session", `{"token":"operator"}`)
	if w.Code != http.StatusOK {
		t.Fatalf("login = %d: %s", w.Code, w.Body)
	}
	cookie := w.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure || strings.Contains(cookie.Value, "operator") {
		t.Errorf("cookie = %v", cookie)
	}
	asSession := "Cookie: " + cookieName + "=" + cookie.Value
	if w := s.ask("", "GET", "/api/v1/session", "", asSession); w.Code != 200 || !strings.Contains(w.Body.String(), "olga") {
		t.Errorf("who am I = %d: %s", w.Code, w.Body)
	}
	if w := s.ask("", "POST", "/graphql", "{}", asSession); w.Body.String() != "true olga Bearer operator" {
		t.Errorf("GraphQL sees %q", w.Body)
	}
	if w := s.ask("", "DELETE", "/api/v1/session", "", asSession); w.Code != http.StatusNoContent {
		t.Errorf("logout = %d: %s", w.Code, w.Body)
	}
	if w := s.ask("", "GET", "/api/v1/session", "", asSession); w.Code != http.StatusUnauthorized {
		t.Errorf("after logout = %d", w.Code)
	}
	if w := s.ask("", "POST", "/api/v1/session", `{"token":"wrong"}`); w.Code != http.StatusUnauthorized {
		t.Errorf("login with a wrong token = %d", w.Code)
	}
}

func TestRevokingATokenEndsItsSessions(t *testing.T) {
	s := serve(t)
	cookie := s.ask("", "POST", "/api/v1/session", `{"token":"operator"}`).Result().Cookies()[0]
	asSession := "Cookie: " + cookieName + "=" + cookie.Value
	if w := s.ask("admin", "DELETE", "/api/v1/tokens/t2", ""); w.Code != http.StatusNoContent {
		t.Fatalf("revoke = %d: %s", w.Code, w.Body)
	}
	if w := s.ask("", "GET", "/api/v1/session", "", asSession); w.Code != http.StatusUnauthorized {
		t.Errorf("session of a revoked token = %d", w.Code)
	}
	if w := s.ask("admin", "DELETE", "/api/v1/tokens/t2", ""); w.Code != http.StatusNotFound {
		t.Errorf("revoke again = %d", w.Code)
	}
}

func TestTheCookieIsSecureOverTLS(t *testing.T) {
	s := serve(t)
	server := httptest.NewTLSServer(s.handler)
	defer server.Close()
	resp, err := server.Client().Post(server.URL+"/api/v1/session", "application/json", strings.NewReader(`{"token":"viewer"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cookies := resp.Cookies()
	if len(cookies) != 1 || !cookies[0].Secure || cookies[0].Name != secureCookieName {
		t.Fatalf("cookies = %v, want a secure one of this host", cookies)
	}
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
	for name, want := range map[string]int{secureCookieName: http.StatusOK, cookieName: http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: name, Value: cookies[0].Value})
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("a session as %s = %d, want %d", name, resp.StatusCode, want)
		}
	}
}

func TestOtherOriginsChangeNothing(t *testing.T) {
	s := serve(t)
	cookie := s.ask("", "POST", "/api/v1/session", `{"token":"operator"}`).Result().Cookies()[0]
	w := s.ask("", "POST", "/api/v1/queries", `{"kind":"total"}`,
		"Cookie: "+cookieName+"="+cookie.Value, "Sec-Fetch-Site: cross-site")
	if w.Code != http.StatusForbidden || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("cross-site request = %d %s", w.Code, w.Body)
	}
}

func TestWebSocketsMayLogInLater(t *testing.T) {
	s := serve(t)
	w := s.ask("", "GET", "/graphql", "", "Upgrade: websocket", "Connection: Upgrade")
	if w.Body.String() != "false  " {
		t.Errorf("GraphQL sees %q, want an unknown caller", w.Body)
	}
	if w := s.ask("wrong", "GET", "/graphql", "", "Upgrade: websocket"); w.Code != http.StatusUnauthorized {
		t.Errorf("upgrade with a wrong token = %d", w.Code)
	}
}

func TestSessionsEnd(t *testing.T) {
	s := newSessions()
	now := time.Now()
	s.now = func() time.Time { return now }
	first := s.begin("a")
	now = now.Add(sessionLife - time.Second)
	if _, found := s.token(first); !found {
		t.Error("the session ended early")
	}
	now = now.Add(2 * time.Second)
	if _, found := s.token(first); found {
		t.Error("the session did not end")
	}
	for range maxSessions + 10 {
		now = now.Add(time.Millisecond)
		s.begin("b")
	}
	if n := len(s.byID); n > maxSessions {
		t.Errorf("%d sessions, more than %d", n, maxSessions)
	}
}
