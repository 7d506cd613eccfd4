package integration

// generate sends records from synthetic exporters and returns what it says it
// has sent.
func (d *deployment) generate(args ...string) sums {
	d.t.Helper()
	return d.background(args...)()
}

// background starts generate and returns what waits for its end and says what
// was sent.
func (d *deployment) background(args ...string) (wait func() sums) {
	type said struct {
		out, errs string
		code      int
	}
	ended := make(chan said, 1)
	go func() {
		out, errs, code := d.run(append([]string{"generate", "--output", "json"}, args...)...)
		ended <- said{out, errs, code}
	}()
	return func() sums {
		s := <-ended
		if s.code != 0 {
			d.t.Fatalf("generate: exit code %d: %s", s.code, s.errs)
		}
		return parseSent(d, s.out)
	}
}

// parseSent reads what generate says it has sent.
func parseSent(d *deployment, out string) sums {
	d.t.Helper()
	var s struct {
		Records, Packets, Octets string
		Flows                    struct{ Packets, Bytes string }
	}
	if err := decode(out, &s); err != nil {
		d.t.Fatalf("generate printed %q: %v", out, err)
	}
	return sums{flows: uint64(integer(s.Records)), packets: uint64(integer(s.Flows.Packets)), bytes: uint64(integer(s.Flows.Bytes))}
}
