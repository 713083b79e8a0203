// Verifies SM2 signatures, an item a line: key, message and signature in hex, between spaces.
//
//	go build -o verify .
//	./verify ../items.txt                                 in process
//	./verify ../items.txt unix:/run/chainbox/chainbox.sock    by a server
//
// Exit status: 0 where all are valid, 1 where some are not, 2 where there are no verdicts.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

const lineBytesMax = 1 << 16

// read gives the columns of keys, messages and signatures.
func read(path string) (columns [3]Column, err error) {
	file, err := os.Open(path)
	if err != nil {
		return columns, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, lineBytesMax)
	for number := 1; lines.Scan(); number++ {
		parts := strings.Fields(lines.Text())
		if len(parts) == 0 || strings.HasPrefix(parts[0], "#") {
			continue
		}
		if len(parts) != len(columns) {
			return columns, fmt.Errorf("%s, line %d: %d parts and not three", path, number, len(parts))
		}
		for i, part := range parts {
			bytes, err := hex.DecodeString(part)
			if err != nil {
				return columns, fmt.Errorf("%s, line %d: %w", path, number, err)
			}
			columns[i].Push(bytes)
		}
	}
	return columns, lines.Err()
}

func run(args []string) (allValid bool, err error) {
	if len(args) < 1 || len(args) > 2 {
		return false, fmt.Errorf("usage: verify ITEMS [ADDRESS]")
	}
	columns, err := read(args[0])
	if err != nil {
		return false, err
	}
	address := strings.Join(args[1:], "")
	handle, err := Open(address)
	if err != nil {
		return false, err
	}
	defer handle.Close()
	verdicts, allValid, err := handle.VerifySM2(&columns[0], &columns[1], &columns[2])
	if err != nil {
		return false, err
	}
	for i, verdict := range verdicts {
		fmt.Println(i+1, verdict)
	}
	return allValid, nil
}

func main() {
	allValid, err := run(os.Args[1:])
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(2)
	case !allValid:
		os.Exit(1)
	}
}
