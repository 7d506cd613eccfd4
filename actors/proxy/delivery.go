package proxy

import "time"

// receiversWithin bounds the wait for Slaves to receive by another way of
// delivery. They confirm within milliseconds; one that cannot says so by a check
// of its own. They keep the receivers of the way before for longer than this and
// than the distributor needs to send what it holds.
const receiversWithin = 5 * time.Second

// awaitReceivers waits until the Slaves that are up receive by a way of
// delivery that a revision has brought, so that nothing is sent where nobody
// listens yet.
func (p *Proxy) awaitReceivers(delivery string, revision uint64) {
	if before := p.dealer.delivery(); before == "" || before == delivery {
		return
	}
	timeout := time.NewTimer(receiversWithin)
	defer timeout.Stop()
	for {
		behind := p.slaves.Behind(revision)
		if len(behind) == 0 {
			return
		}
		select {
		case <-p.confirmed:
		case <-p.quit:
			return
		case <-timeout.C:
			p.cfg.Log.Warn("the way of delivery changes although slaves have not confirmed", "delivery", delivery, "slaves", behind,
				"remedy", "none needed for those that are starting; the checks of the others say what is wrong")
			return
		}
	}
}

// hasConfirmed wakes awaitReceivers. It never waits.
func (p *Proxy) hasConfirmed() {
	select {
	case p.confirmed <- struct{}{}:
	default:
	}
}
