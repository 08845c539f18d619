// Go's net/http: what it reports of each URL, given as SECONDS PATH after the server's URL.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func size(url string, seconds float64) (string, error) {
	client := http.Client{Timeout: time.Duration(seconds * float64(time.Second))}
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return fmt.Sprint(answer.StatusCode, " ", len(body)), err
}

// The name of an error that programs can compare with, or else its text.
func name(err error) string {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return "Timeout()"
	case errors.Is(err, syscall.ECONNRESET):
		return "ECONNRESET"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "io.ErrUnexpectedEOF"
	case errors.Is(err, io.EOF):
		return "io.EOF"
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	text, _, _ := strings.Cut(err.Error(), ` "`)
	text, _, _ = strings.Cut(text, ";")
	return text
}

func main() {
	server := os.Args[1]
	for _, each := range os.Args[2:] {
		seconds, path, _ := strings.Cut(each, " ")
		patience, _ := strconv.ParseFloat(seconds, 64)
		said, err := size(server+path, patience)
		if err != nil {
			said = name(err)
		}
		fmt.Println(said)
		// Whatever happened, the next request must succeed.
		if next, err := size(server+"/status/200", 10); next != "200 0" {
			fmt.Println(next, err, "after", path)
			os.Exit(1)
		}
	}
}
