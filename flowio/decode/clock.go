package decode

// ntpToUnix is the number of seconds from 1900, where NTP starts counting, to
// 1970 (RFC 5905 section 6).
const ntpToUnix = 2208988800

// ntpEra1 tells the seconds of era 1, which begins in 2036, from those of era
// 0, of which nobody exports the years before 1968 (RFC 4330 section 3).
const ntpEra1 = 1 << 31

// absoluteUptime tells uptimes from Unix milliseconds: some exporters send
// the latter in eight octets under the elements of the former. No exporter is
// up for 34 years.
const absoluteUptime = 1 << 40

// clock holds the times of a packet that those of its records are relative
// to, in milliseconds.
type clock struct {
	export  int64 // Unix; by the exporter
	axis    int64 // Unix; the place of the packet's records on the time axis
	boot    int64 // Unix; when uptimes started, for formats that say so
	uptime  uint32
	anchor  anchor
	version uint64
}

// anchor says what uptimes can be related to.
type anchor uint8

const (
	none     anchor = iota // nothing: the uptime is kept as it is
	byUptime               // the uptime in the packet header
	byBoot                 // the time of the exporter's start
)

// ahead is how much later than its packet's place on the time axis a flow may
// end: export times are cut to whole seconds.
const ahead = 1000

// convert returns the value of a column for the octets v of a field of kind
// k. Times before 1970 become 0.
func (c *clock) convert(k kind, v uint64) uint64 {
	switch k {
	case uptime:
		return c.fromUptime(v)
	case seconds:
		return fromSeconds(v)
	case dscp:
		return v << 2 & 0xff
	case precedence:
		return v << 5 & 0xff
	case ntp:
		return fromNTP(v)
	case micros:
		return v / 1000
	case before:
		return atLeastZero((c.export*1000 - int64(v)) / 1000)
	default:
		return v
	}
}

// fromUptime takes the difference to the header's uptime as a signed number
// of 32 bits: a flow may have begun before the uptime wrapped, and may end
// after the header was written.
func (c *clock) fromUptime(v uint64) uint64 {
	switch {
	case v >= absoluteUptime:
		return v
	case c.anchor == byUptime:
		return atLeastZero(c.export + int64(int32(uint32(v)-c.uptime)))
	case c.anchor == byBoot:
		return atLeastZero(c.boot + int64(v))
	default:
		return v
	}
}

// fromSeconds takes what no clock in seconds shows for milliseconds, as
// fromUptime does.
func fromSeconds(v uint64) uint64 {
	if v >= absoluteUptime {
		return v
	}
	return v * 1000
}

func fromNTP(v uint64) uint64 {
	if v == 0 {
		return 0
	}
	seconds := int64(v >> 32)
	if seconds < ntpEra1 {
		seconds += 1 << 32
	}
	return atLeastZero((seconds-ntpToUnix)*1000 + int64(v&0xffffffff*1000>>32))
}

func atLeastZero(ms int64) uint64 { return uint64(max(ms, 0)) }
