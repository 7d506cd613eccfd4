package bitpack

import "golang.org/x/sys/cpu"

// hasVector says whether the processor has the instructions (AVX2) of the
// vector kernels. Tests compare them with the plain ones.
var hasVector = cpu.X86.HasAVX2

const (
	// vectorWidth is the widest number that lies within four octets wherever it
	// begins.
	vectorWidth = 25

	// vectorReach is how far behind its group the vector kernel reads, at most.
	vectorReach = 16
)

// places say where the eight numbers of a group lie. The first four are cut
// from the 16 octets at the group's beginning, the others from those at half
// of its length, rounded down.
type places struct {
	octets [32]uint8 // of the 16 that are loaded, four for each number
	shifts [8]uint32
	masks  [8]uint32
}

var vectorPlaces = placesOfAll()

func placesOfAll() (all [vectorWidth + 1]places) {
	for width := 1; width <= vectorWidth; width++ {
		for i := range 8 {
			bit := i * width
			if i >= 4 {
				bit -= width / 2 * 8
			}
			for k := range 4 {
				all[width].octets[4*i+k] = uint8(bit/8 + k)
			}
			all[width].shifts[i] = uint32(bit % 8)
			all[width].masks[i] = 1<<width - 1
		}
	}
	return all
}

// unpackVector unpacks groups of eight, one or more; src must reach
// vectorReach octets behind the last.
//
//go:noescape
func unpackVector(dst *uint32, src *byte, groups int, width uintptr, p *places)

// withinVector sets one octet of set for each group of eight numbers, one or
// more: bit i if number i lies in [lo, lo+last].
//
//go:noescape
func withinVector(set *uint64, numbers *uint32, groups int, lo, last uint32)

// unpackQuick unpacks the first numbers of src and returns how many: those it
// has a vector kernel for.
func unpackQuick(dst []uint32, src []byte, width uint) int {
	if !hasVector || width > vectorWidth {
		return 0
	}
	groups := min(len(dst)/8, (len(src)-vectorReach)/int(width))
	if groups <= 0 {
		return 0
	}
	unpackVector(&dst[0], &src[0], groups, uintptr(width), &vectorPlaces[width])
	return 8 * groups
}

// withinQuick is Within for the first numbers and returns how many.
func withinQuick(set []uint64, numbers []uint32, lo, last uint32) int {
	groups := min(len(numbers)/8, 8*len(set))
	if !hasVector || groups == 0 {
		return 0
	}
	withinVector(&set[0], &numbers[0], groups, lo, last)
	return 8 * groups
}
