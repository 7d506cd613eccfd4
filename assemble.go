package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"example.com/weir/actors/master"
	"example.com/weir/actors/proxy"
	"example.com/weir/actors/slave"
	"example.com/weir/frontend"
	"example.com/weir/graph"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

// role is what every kind of unit has.
type role interface {
	part
	Checks() []topology.Check
	Collectors() []prometheus.Collector
	UnitID() topology.UnitID
}

// adminTokenFile receives the first API token of a new deployment.
const adminTokenFile = "admin-token"

func assembleMaster(cfg Config, log *slog.Logger) ([]part, error) {
	m, err := master.New(master.Config{
		DataDir: cfg.DataDir, Name: cfg.Name, Control: cfg.Control, Query: cfg.Query,
		MaxQueries: cfg.Queries.AtOnce, Version: release, Log: log,
	})
	if err != nil {
		return nil, err
	}
	if err := firstToken(m, cfg, log); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	version := apiVersion()
	api := rest.New(rest.Config{
		Master:  m,
		Graph:   graph.New(graph.Config{Master: m, Principal: rest.PrincipalFrom, RequestID: rest.RequestID, Version: graph.Version(version), Log: log}),
		Docs:    rest.Docs(),
		Console: frontend.Handler(),
		Version: version,
		Log:     log,
	})
	return []part{
		adminServer(cfg, m, log),
		m,
		&httpServer{name: "API", address: cfg.API.Address, certificate: cfg.API.Certificate, key: cfg.API.Key, handler: api, log: log},
	}, nil
}

func assembleProxy(cfg Config, log *slog.Logger) ([]part, error) {
	listen, err := flowAddress(cfg)
	if err != nil {
		return nil, err
	}
	p, err := proxy.New(proxy.Config{
		Spool:   int64(cfg.Flows.Spool),
		DataDir: cfg.DataDir, Name: cfg.Name, Control: cfg.Control, Query: cfg.Query, Parent: cfg.Parent,
		Listen: listen, Sockets: cfg.Flows.Sockets, Buffer: int(cfg.Flows.Buffer),
		Version: release, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return []part{adminServer(cfg, p, log), p}, nil
}

func assembleSlave(cfg Config, log *slog.Logger) ([]part, error) {
	listen, err := flowAddress(cfg)
	if err != nil {
		return nil, err
	}
	s, err := slave.New(slave.Config{
		DataDir: cfg.DataDir, Name: cfg.Name, Role: cfg.Role, Control: cfg.Control, Query: cfg.Query, Parent: cfg.Parent,
		Listen: listen, Sockets: cfg.Flows.Sockets, Buffer: int(cfg.Flows.Buffer),
		Retention: cfg.Store.Retention, Quota: uint64(cfg.Store.Quota), Reserve: uint64(cfg.Store.Reserve), Keep: cfg.Store.Keep,
		Memory: uint64(cfg.Queries.Memory), Spill: uint64(cfg.Queries.Disk), Cache: uint64(cfg.Queries.Cache),
		Version: release, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return []part{adminServer(cfg, s, log), s}, nil
}

// flowAddress is where flows are received. The unspecified address means
// every address of the machine, over IPv4 and IPv6.
func flowAddress(cfg Config) (netip.Addr, error) {
	a, err := netip.ParseAddr(cfg.Flows.Address)
	if err != nil {
		return a, usagef("flows.address: %w", err)
	}
	if a.IsUnspecified() {
		return netip.Addr{}, nil
	}
	return a, nil
}

// firstToken gives a new deployment its first API token, in a file that only
// its owner reads. The file has another name until the secret, which nobody else
// has, is in it: after a crash in between the next start makes another token.
func firstToken(m *master.Master, cfg Config, log *slog.Logger) error {
	file := cfg.path(adminTokenFile)
	unfinished := file + ".next"
	if _, err := os.Stat(unfinished); err != nil && len(m.Tokens()) > 0 {
		return nil
	}
	if err := os.WriteFile(unfinished, nil, 0o600); err != nil {
		return fmt.Errorf("write the first API token: %w", err)
	}
	secret, _, err := m.CreateToken(context.Background(), "first administrator", access.Admin, time.Now().AddDate(1, 0, 0), "first start")
	if err != nil {
		return fmt.Errorf("create the first API token: %w", err)
	}
	err = os.WriteFile(unfinished, []byte(secret+"\n"), 0o600)
	if err == nil {
		err = os.Rename(unfinished, file)
	}
	if err != nil {
		return fmt.Errorf("write the first API token: %w", err)
	}
	log.Info("new deployment; the API token of its administrator is in a file", "file", file)
	return nil
}

func apiVersion() rest.Version {
	b := buildInfo()
	return rest.Version{Version: b.Version, Commit: b.Commit, Go: b.Go}
}

func adminServer(cfg Config, r role, log *slog.Logger) part {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(r.Collectors()...)
	return &httpServer{name: "admin", address: cfg.Admin, handler: rest.Admin(r.Checks, registry, apiVersion()), log: log}
}

// httpServer is an HTTP address of this process.
type httpServer struct {
	name, address    string
	certificate, key string // files; empty = plain HTTP
	handler          http.Handler
	log              *slog.Logger

	server  *http.Server
	serving sync.WaitGroup
}

// Start binds the address and serves it.
func (s *httpServer) Start() error {
	encryption, err := s.encryption()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for the %s address %s: %w; choose another or end the process that holds it (ss -ltnp)", s.name, s.address, err)
	}
	s.server = &http.Server{
		Handler:           s.handler,
		TLSConfig:         encryption,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.serving.Go(func() {
		serve := s.server.Serve
		if encryption != nil {
			serve = func(l net.Listener) error { return s.server.ServeTLS(l, "", "") }
		}
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("http server ended", "server", s.name, "err", err)
		}
	})
	s.log.Info("listening", "server", s.name, "address", listener.Addr().String())
	return nil
}

// encryption is nil for plain HTTP.
func (s *httpServer) encryption() (*tls.Config, error) {
	if s.certificate == "" {
		return nil, nil
	}
	certificate, err := rest.LoadCertificate(s.certificate, s.key, s.log)
	if err != nil {
		return nil, &usageError{fmt.Errorf("%w; api.certificate and api.key name its PEM files", err)}
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.Get}, nil
}

// stopRequests bounds how long Close waits for running requests.
const stopRequests = 5 * time.Second

// Close lets running requests end, then cuts them.
func (s *httpServer) Close() error {
	if s.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopRequests)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = s.server.Close()
	}
	s.serving.Wait()
	return err
}
