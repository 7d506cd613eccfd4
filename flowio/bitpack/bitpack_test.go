package bitpack

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/rle"
)

// plainly does without vector instructions for the rest of a test.
func plainly(t *testing.T) {
	before := hasVector
	hasVector = false
	t.Cleanup(func() { hasVector = before })
}

// pack writes numbers as the format says, bit by bit.
func pack(numbers []uint32, width uint) []byte {
	out := make([]byte, Size(len(numbers), width))
	for i, v := range numbers {
		for b := range width {
			at := uint(i)*width + b
			out[at/8] |= byte(v>>b&1) << (at % 8)
		}
	}
	return out
}

func random(r *rand.Rand, n int, width uint) []uint32 {
	numbers := make([]uint32, n)
	for i := range numbers {
		numbers[i] = uint32(r.Uint64() & (1<<width - 1))
	}
	return numbers
}

// TestUnpack compares every width with what was packed, at every distance from
// the end, where the kernels give way to the plain path.
func TestUnpack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for width := range uint(MaxWidth + 1) {
		for n := range 70 {
			numbers := random(r, n, width)
			src := pack(numbers, width)
			src = src[:len(src):len(src)]
			for first := 0; first <= n; first += 8 {
				got := make([]uint32, n-first)
				Unpack(got, src, width, first)
				if !slices.Equal(got, numbers[first:]) {
					t.Fatalf("width %d, from %d of %d: %v, want %v", width, first, n, got, numbers[first:])
				}
			}
		}
	}
}

// TestUnpackWithoutVectors is TestUnpack for processors that lack them.
func TestUnpackWithoutVectors(t *testing.T) {
	if hasVector {
		plainly(t)
		TestUnpack(t)
	}
}

func TestWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, name := range []string{"quickly", "plainly"} {
		t.Run(name, func(t *testing.T) {
			if name == "plainly" {
				plainly(t)
			}
			for n := range 200 {
				numbers := random(r, n, uint(1+r.IntN(32)))
				lo, last := r.Uint32()>>r.IntN(32), r.Uint32()>>r.IntN(32)
				if last > math.MaxUint32-lo {
					last = math.MaxUint32 - lo
				}
				set := make([]uint64, (n+63)/64, 5)
				for i := range set {
					set[i] = r.Uint64()
				}
				Within(set, numbers, lo, last)
				for i := range 64 * len(set) {
					want := i < n && numbers[min(i, n-1)] >= lo && numbers[min(i, n-1)] <= lo+last
					if got := set[i/64]>>(i%64)&1 != 0; got != want {
						t.Fatalf("%d numbers, [%d, %d]: number %d is inside: %v, want %v", n, lo, lo+last, i, got, want)
					}
				}
			}
		})
	}
}

func TestPick(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for width := range uint(MaxWidth + 1) {
		numbers := random(r, 1000, width)
		src := pack(numbers, width)
		rows := make([]uint16, 300)
		want := make([]uint32, len(rows))
		for i := range rows {
			rows[i] = uint16(r.IntN(len(numbers)))
			want[i] = numbers[rows[i]]
		}
		rows[0], want[0] = 999, numbers[999]
		got := make([]uint32, len(rows))
		Pick(got, src, width, rows)
		if !slices.Equal(got, want) {
			t.Fatalf("width %d: %v, want %v", width, got, want)
		}
	}
}

// FuzzUnpack gives the kernels, the plain path and the Parquet library the
// same octets.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, uint8(5), uint8(1))
	f.Add([]byte{255, 255, 255, 255, 255}, uint8(32), uint8(0))
	f.Fuzz(func(t *testing.T, src []byte, width, skip uint8) {
		w := uint(width) % (MaxWidth + 1)
		if w == 0 {
			return
		}
		groups := len(src) / int(w)
		n, first := 8*groups, min(int(skip), groups)*8
		got, plain := make([]uint32, n-first), make([]uint32, n)
		src = src[: groups*int(w) : groups*int(w)]
		Unpack(got, src, w, first)
		unpackPlain(plain, src, w)
		if !slices.Equal(got, plain[first:]) {
			t.Fatalf("width %d: %v, plainly %v", w, got, plain[first:])
		}
		if n == 0 || groups >= 64 {
			return
		}
		var e rle.DictionaryEncoding
		want, err := e.DecodeInt32(nil, append([]byte{byte(w), byte(groups<<1 | 1)}, src...))
		if err != nil {
			return
		}
		for i, v := range want {
			if uint32(v) != plain[i] {
				t.Fatalf("width %d, number %d: %d, the library reads %d", w, i, plain[i], uint32(v))
			}
		}
	})
}

func BenchmarkUnpack(b *testing.B) {
	for _, width := range []uint{1, 3, 8, 12, 16, 17, 20} {
		b.Run(fmt.Sprint(width), func(b *testing.B) {
			src := pack(random(rand.New(rand.NewPCG(1, 1)), 16384, width), width)
			dst := make([]uint32, 2048)
			for b.Loop() {
				for first := 0; first < 16384; first += len(dst) {
					Unpack(dst, src, width, first)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16384, "ns/number")
		})
	}
}
