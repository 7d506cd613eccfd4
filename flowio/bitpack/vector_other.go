//go:build !amd64

package bitpack

var hasVector = false

func unpackQuick([]uint32, []byte, uint) int { return 0 }

func withinQuick([]uint64, []uint32, uint32, uint32) int { return 0 }
