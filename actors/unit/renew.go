package unit

import (
	"context"
	"fmt"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
)

const (
	// renewEvery is how often the age of the certificate is looked at. It is
	// renewed 30 days before its end, so that two tries a day are plenty.
	renewEvery = 12 * time.Hour

	// renewAgain is how soon the first failure is tried again, such as of a
	// Slave that started together with its Proxy; each further one waits twice
	// as long.
	renewAgain = 5 * time.Second
)

// keepRenewed renews the certificate whenever it gets old, until ctx ends.
func (u *Unit) keepRenewed(ctx context.Context) {
	pause := renewAgain
	for {
		next := renewEvery
		if u.id.Expiring(time.Now()) {
			err := u.renew(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				next, pause = pause, min(2*pause, renewEvery)
				u.log.Warn("certificate not renewed; trying on", "not_after", u.id.NotAfter(), "err", err,
					"remedy", "let the unit reach the one above it; after not_after it has to join again: move the folder tls away and run weir join")
			default:
				pause = renewAgain
				u.log.Info("certificate renewed", "not_after", u.id.NotAfter())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		}
	}
}

// renew gets a new certificate for the present key: from the own authority on a
// Master, else through the unit above.
func (u *Unit) renew(ctx context.Context) error {
	proof, csr, err := u.id.Renewal()
	if err != nil {
		return err
	}
	var certificate []byte
	if u.ca != nil {
		_, certificate, err = u.ca.Renew(proof, csr, time.Now())
	} else {
		certificate, err = u.askRenewal(ctx, proof, csr)
	}
	if err != nil {
		return err
	}
	return u.id.Renew(u.cfg.DataDir, certificate)
}

func (u *Unit) askRenewal(ctx context.Context, proof string, csr []byte) ([]byte, error) {
	above := u.id.ClientTLS(identity.Peer{Role: parentOf[u.id.Role]})
	reply, err := askAbove(ctx, u.cfg.Parent, above, &proto.EnrolRequest{
		Token: proof, Csr: csr, Name: []byte(u.cfg.Name), Role: string(u.id.Role), Control: u.cfg.Control, Query: u.cfg.Query,
	})
	if err != nil {
		return nil, fmt.Errorf("renew certificate at %s: %w", u.cfg.Parent, err)
	}
	return reply.GetCertificate(), nil
}
