package group

import (
	"cmp"
	"slices"
)

// ranking knows the n-th greatest of the values added: a heap of the n
// greatest with the least of them on top.
type ranking struct {
	n    int
	heap []uint64
}

// nth returns 0 until there are n values.
func (r *ranking) nth() uint64 {
	if len(r.heap) < r.n {
		return 0
	}
	return r.heap[0]
}

// equals returns how many of the n greatest values are as great as the n-th.
func (r *ranking) equals() int {
	n := 0
	for _, v := range r.heap {
		if v == r.nth() {
			n++
		}
	}
	return n
}

func (r *ranking) add(v uint64) {
	if len(r.heap) < r.n {
		if r.heap = append(r.heap, v); len(r.heap) == r.n {
			slices.SortFunc(r.heap, cmp.Compare[uint64]) // a sorted list is a heap
		}
		return
	}
	if v <= r.heap[0] {
		return
	}
	r.heap[0] = v
	for i := 0; ; {
		least := i
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c < r.n && r.heap[c] < r.heap[least] {
				least = c
			}
		}
		if least == i {
			return
		}
		r.heap[i], r.heap[least] = r.heap[least], r.heap[i]
		i = least
	}
}
