package master

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// enrol answers a joining unit: it uses up the token, issues the certificate
// and enters the unit into the topology, or binds the expected one. A unit that
// has joined gets its certificate renewed.
func (m *Master) enrol(ctx context.Context, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	if identity.IsRenewal(r.GetToken()) {
		return m.renew(r)
	}
	m.commits.Lock()
	defer m.commits.Unlock()
	if err := errors.Join(ctx.Err(), context.Cause(m.ctx)); err != nil {
		return nil, err
	}
	role := topology.Role(r.GetRole())
	token, err := m.db.TakeJoinToken(r.GetToken(), role, time.Now())
	if err != nil {
		m.cfg.Log.Warn("join refused", "name", string(r.GetName()), "role", role, "err", err)
		return nil, err
	}
	reply, err := m.admitLocked(r, token)
	if err != nil {
		m.cfg.Log.Warn("join refused", "name", string(r.GetName()), "role", role, "err", err)
		return nil, errors.Join(err, m.db.ReturnJoinToken(token.ID))
	}
	m.cfg.Log.Info("unit joined", "unit", reply.GetUnitId(), "name", string(r.GetName()), "role", role)
	return reply, nil
}

// renew answers a unit whose certificate gets old. One that was deleted gets no
// other: that is where its membership ends.
func (m *Master) renew(r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	who, certificate, err := m.unit.CA().Renew(r.GetToken(), r.GetCsr(), time.Now())
	if err == nil {
		err = m.allow(who)
	}
	if err != nil {
		m.cfg.Log.Warn("renewal of a certificate refused", "name", string(r.GetName()), "role", r.GetRole(), "err", err)
		return nil, err
	}
	m.cfg.Log.Info("certificate renewed", "unit", who.UnitID, "name", string(r.GetName()), "role", who.Role)
	return &proto.EnrolReply{
		Certificate: certificate, Ca: m.unit.CA().Certificate().Raw, UnitId: string(who.UnitID), Cluster: who.Cluster,
	}, nil
}

func (m *Master) admitLocked(r *proto.EnrolRequest, token configdb.JoinToken) (*proto.EnrolReply, error) {
	command, u, err := joining(m.db.State(), r, token, time.Now().UTC())
	if err != nil {
		return nil, err
	}
	who := identity.Peer{Cluster: m.Cluster(), Role: u.Role, UnitID: u.ID}
	certificate, err := m.unit.CA().Issue(r.GetCsr(), who, time.Now())
	if err != nil {
		return nil, err
	}
	if _, err := m.applyLocked(topology.Change{Command: command, Actor: "join token " + token.ID}); err != nil {
		return nil, err
	}
	return &proto.EnrolReply{
		Certificate: certificate, Ca: m.unit.CA().Certificate().Raw,
		UnitId: string(u.ID), Cluster: m.Cluster(),
	}, nil
}

// joining decides which unit a request becomes: the one that the token names,
// the expected one of that name and role, or a new one.
func joining(s topology.State, r *proto.EnrolRequest, token configdb.JoinToken, now time.Time) (topology.Command, topology.Unit, error) {
	name := string(r.GetName())
	u, exists := s.Units[token.Unit]
	if token.Unit == "" {
		u, exists = s.UnitByName(name)
	}
	switch {
	case token.Unit != "" && !exists:
		return topology.Command{}, u, fmt.Errorf("unit %s of the token: %w; it was deleted", token.Unit, topology.ErrNotFound)
	case exists && u.Role != token.Role:
		return topology.Command{}, u, fmt.Errorf("unit %s is a %s in the topology, the token is for a %s: %w", u.Name, u.Role, token.Role, topology.ErrConflict)
	case exists && !u.Joined.IsZero():
		return topology.Command{}, u, fmt.Errorf("unit %s has joined already: %w; delete it first or join under another name", u.Name, topology.ErrConflict)
	case !exists:
		u = topology.Unit{ID: topology.UnitID(uuid.NewString()), Name: name, Role: token.Role}
	}
	u.Control, u.Query, u.Joined = r.GetControl(), r.GetQuery(), now
	if exists {
		return topology.Command{UpdateUnit: &u}, u, nil
	}
	return topology.Command{CreateUnit: &u}, u, nil
}

// CreateJoinToken returns a token with which one unit may join within ttl; a
// unit that is not empty must be one that waits to be joined.
func (m *Master) CreateJoinToken(ctx context.Context, role topology.Role, id topology.UnitID, ttl time.Duration, actor string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return m.db.CreateJoinToken(m.unit.CA().Fingerprint(), role, id, ttl, actor, time.Now())
}

// Authenticate returns who holds an API token; access.ErrToken if nobody.
func (m *Master) Authenticate(token string) (access.Principal, error) {
	return m.db.Authenticate(token, time.Now())
}

// Tokens returns the API tokens, newest first.
func (m *Master) Tokens() []access.Token { return m.db.Tokens() }

// CreateToken makes an API token. The secret is shown once and not kept.
func (m *Master) CreateToken(ctx context.Context, name string, role access.Role, expires time.Time, actor string) (secret string, t access.Token, err error) {
	if err := ctx.Err(); err != nil {
		return "", access.Token{}, err
	}
	secret, t, err = m.db.CreateToken(name, role, expires, actor, time.Now())
	if err == nil {
		m.cfg.Log.Info("api token created", "token", t.ID, "name", name, "role", role, "actor", actor)
	}
	return secret, t, err
}

// RevokeToken ends an API token at once.
func (m *Master) RevokeToken(id, actor string) error {
	err := m.db.RevokeToken(id, time.Now())
	if err == nil {
		m.cfg.Log.Info("api token revoked", "token", id, "actor", actor)
	}
	return err
}
