package rest

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files of a certificate are looked at: whoever
// renews it need not tell.
const lookEvery = 10 * time.Second

// Certificate is the certificate of an HTTPS address. It is read anew when its
// files change. It is safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex // guards everything below
	looked time.Time
	stamp  [2]fileStamp
	loaded *tls.Certificate
}

// fileStamp tells two versions of a file apart.
type fileStamp struct {
	modified time.Time
	octets   int64
}

// LoadCertificate reads a certificate and its key from PEM files.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.loadLocked(time.Now()); err != nil {
		return nil, err
	}
	return c, nil
}

// Get is GetCertificate of tls.Config. New files that do not fit leave the
// certificate that was read before in force.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		if err := c.loadLocked(now); err != nil {
			c.log.Error("the API keeps its old certificate", "err", err,
				"remedy", "put certificate and key in place that belong together")
		}
	}
	return c.loaded, nil
}

// loadLocked reads the files if they have changed. What cannot be read is tried
// again when they change once more.
func (c *Certificate) loadLocked(now time.Time) error {
	c.looked = now
	stamp := [2]fileStamp{stampOf(c.certFile), stampOf(c.keyFile)}
	if c.loaded != nil && stamp == c.stamp {
		return nil
	}
	c.stamp = stamp
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("certificate of the API: %w", err)
	}
	c.loaded = &loaded
	return nil
}

// stampOf returns the zero stamp for a file that is not there.
func stampOf(name string) fileStamp {
	info, err := os.Stat(name)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{info.ModTime(), info.Size()}
}
