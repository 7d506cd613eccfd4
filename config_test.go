package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const goodConfig = "role: proxy\nname: p\ncontrol: 192.0.2.12:2210\nparent: 192.0.2.11:2210\n"

func TestSampleHoldsEveryKeyAndIsGood(t *testing.T) {
	if got, want := keysIn(sampleConfig), configKeys(); !slices.Equal(got, want) {
		t.Errorf("the sample has the keys %v, the configuration %v", got, want)
	}
	cfg, _, err := loadConfig(writeConfig(t, string(sampleConfig)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.validate(); err != nil {
		t.Error(err)
	}
}

func TestPrecedence(t *testing.T) {
	file := writeConfig(t, goodConfig+"store:\n  quota: 1GiB\n  retention: 1h\nlog:\n  level: warn\n")
	cfg, from, err := loadConfig(file,
		[]string{"WEIR_STORE_QUOTA=2GiB", "WEIR_LOG_LEVEL=error", "WEIR_API=elsewhere", "HOME=/"},
		[]string{"log.level=debug", "flows.sockets=7"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Store.Quota != 2<<30 || cfg.Store.Retention != time.Hour || cfg.Log.Level != "debug" || cfg.Flows.Sockets != 7 {
		t.Errorf("quota %d, retention %v, level %s, sockets %d", cfg.Store.Quota, cfg.Store.Retention, cfg.Log.Level, cfg.Flows.Sockets)
	}
	if cfg.Query != "192.0.2.12:4210" || cfg.Flows.Address != "192.0.2.12" {
		t.Errorf("query %q and flows.address %q do not follow from control", cfg.Query, cfg.Flows.Address)
	}
	for key, want := range map[string]string{"store.retention": file, "store.quota": "environment WEIR_STORE_QUOTA", "log.level": "--set"} {
		if from[key] != want {
			t.Errorf("%s is said to come from %q, want %q", key, from[key], want)
		}
	}
}

func TestWrongConfigurationsNameThePlace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		set        []string
		want       []string
	}{
		{"unknown key", goodConfig + "colour: red\n", nil, []string{"weir.yaml", "colour", "5:1"}},
		{"unknown nested key", goodConfig + "store:\n  qota: 1GiB\n", nil, []string{"qota", "6:3"}},
		{"wrong type", goodConfig + "flows:\n  sockets: many\n", nil, []string{"sockets", "6:12"}},
		{"wrong size", goodConfig + "store:\n  quota: lots\n", nil, []string{"lots", "64MiB"}},
		{"unknown setting", goodConfig, []string{"colour=red"}, []string{"colour=red", "store.quota"}},
		{"wrong setting", goodConfig, []string{"flows.sockets=many"}, []string{"--set flows.sockets=many"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadConfig(writeConfig(t, c.text), nil, c.set)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, word := range c.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not mention %q", err, word)
				}
			}
		})
	}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	cfg, _, err := loadConfig(writeConfig(t, "role: boss\ncontrol: nowhere\nadmin: here\nlog:\n  level: loud\n"+
		"flows:\n  sockets: 0\n  address: everywhere\n  buffer: 3GiB\n"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, key := range []string{"role:", "control:", "parent:", "log.level:", "admin:", "flows.sockets:", "flows.address:", "flows.buffer:"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%q does not mention %s", err, key)
		}
	}
}

func TestAMasterNeedsAnAddressForItsAPI(t *testing.T) {
	for address, isGood := range map[string]bool{"127.0.0.1:8080": true, ":8080": true, "[::]:0": true, "127.0.0.1": false, "x:http": false, "": false} {
		cfg, _, err := loadConfig("", nil, []string{"role=master", "control=192.0.2.1:2210", "api.address=" + address})
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.validate(); (err == nil) != isGood {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestSizesRoundTrip(t *testing.T) {
	for _, text := range []string{"1", "1000", "64MiB", "100GiB", "3TiB"} {
		var s Size
		if err := s.UnmarshalYAML([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.MarshalYAML(); string(got) != text {
			t.Errorf("%s became %s", text, got)
		}
	}
}
