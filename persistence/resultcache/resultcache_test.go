package resultcache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestValuesOfAllSizes(t *testing.T) {
	c := New(32 << 20)
	defer c.Close()
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 100, 64<<10 - 100, 64 << 10, 64<<10 + 1, 512 << 10} {
		value := make([]byte, n)
		for i := range value {
			value[i] = byte(r.Uint32())
		}
		key := fmt.Appendf(nil, "key %d", n)
		if _, ok := c.Get(nil, key); ok {
			t.Errorf("%d octets: found before they were put", n)
		}
		c.Put(key, value)
		got, ok := c.Get([]byte("x"), key)
		if !ok || !bytes.Equal(got, append([]byte("x"), value...)) {
			t.Errorf("%d octets: found %v, %d octets", n, ok, len(got))
		}
	}
	if s := c.Stats(); s.Hits != 7 || s.Misses != 7 || s.Octets == 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestForgottenValuesAreNotTaken puts more than fits: what is found must be
// what was put.
func TestForgottenValuesAreNotTaken(t *testing.T) {
	c := New(1)
	defer c.Close()
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 60_000) }
	const n = 2000
	found := 0
	for i := range n {
		c.Put(fmt.Appendf(nil, "%d", i), value(i))
	}
	for i := range n {
		if got, ok := c.Get(nil, fmt.Appendf(nil, "%d", i)); ok {
			if found++; !bytes.Equal(got, value(i)) {
				t.Fatalf("value %d is another one", i)
			}
		}
	}
	if found == 0 || found == n {
		t.Errorf("%d of %d values are found: the bound is not used", found, n)
	}
}

func TestBrokenValuesAreNotTaken(t *testing.T) {
	c := New(1)
	defer c.Close()
	for _, raw := range [][]byte{{1}, {1, 0, 0, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 1, 2, 3, 4, 9}} {
		c.cache.SetBig([]byte("k"), raw)
		if _, ok := c.Get(nil, []byte("k")); ok {
			t.Errorf("% x is taken", raw)
		}
	}
}
