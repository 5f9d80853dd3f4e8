package explain

import (
	"bytes"
	"math"
	"strconv"
)

// numbers is how a library writes a number that it has read.
type numbers int

const (
	digits     numbers = iota // as they came
	javascript                // every number is a float: 1.0 is 1, 1e3 is 1000; so in Go
	python                    // integers stay, floats keep a point: 1.0, 1000.0, 1e+16
	ruby                      // as in Python, but 1.0e+16
	php                       // integers stay, floats lose an idle point: 1, 1000, 1.0e+25
)

// append writes a number in the way of a library; what it cannot hold stays as it came.
func (n numbers) append(dst, number []byte) []byte {
	if n == digits || len(number) < 16 && number[0] != '-' && isInteger(number) {
		return append(dst, number...)
	}
	if n != javascript && isInteger(number) {
		if n == php && len(number) > 18 {
			if _, err := strconv.ParseInt(string(number), 10, 64); err != nil {
				return n.float(dst, number)
			}
		}
		if string(number) == "-0" {
			return append(dst, '0')
		}
		return append(dst, number...)
	}
	return n.float(dst, number)
}

func isInteger(number []byte) bool {
	for _, c := range number {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

func (n numbers) float(dst, number []byte) []byte {
	f, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		return append(dst, number...)
	}
	size := math.Abs(f)
	if n == javascript {
		return appendJavaScript(dst, f, size)
	}
	low, high := 1e-4, 1e16
	if n == php {
		high = 1e17 // precision 17, as serialize_precision -1 has it
	}
	if f == 0 || size >= low && size < high {
		start := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
		if n != php && bytes.IndexByte(dst[start:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n == python || bytes.IndexByte(dst[start:], '.') >= 0 {
		return n.shortExponent(dst, start)
	}
	e := bytes.IndexByte(dst[start:], 'e') + start
	dst = append(dst[:e], append([]byte(".0"), dst[e:]...)...)
	return n.shortExponent(dst, start)
}

// shortExponent takes the leading zero off an exponent for PHP, where the others keep two
// digits.
func (n numbers) shortExponent(dst []byte, start int) []byte {
	e := bytes.IndexByte(dst[start:], 'e') + start
	if n == php && len(dst)-e == 4 && dst[e+2] == '0' {
		dst[e+2] = dst[e+3]
		dst = dst[:e+3]
	}
	return dst
}

func appendJavaScript(dst []byte, f, size float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	if size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' { // e-09 is e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
