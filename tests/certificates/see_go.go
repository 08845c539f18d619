// Go's net/http: what it reports of each URL, given as URL CA CRL CERTIFICATE; - is none. It reads no
// revocation lists.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

// What differs from one time to the next.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

func reported(url, ca, certificate string) (string, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return "", err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(pem)
	if certificate != "-" {
		pair, err := tls.LoadX509KeyPair(certificate, certificate)
		if err != nil {
			return "", err
		}
		// Whatever authorities the server names.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &pair, nil
		}
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	client := http.Client{Timeout: 20 * time.Second, Transport: transport}
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	return fmt.Sprint(answer.StatusCode), nil
}

func main() {
	for _, each := range os.Args[1:] {
		parts := strings.Split(each, " ")
		said, err := reported(parts[0], parts[1], parts[3])
		for err != nil {
			said = moment.ReplaceAllString(err.Error(), "…")
			err = errors.Unwrap(err)
		}
		said, _, _ = strings.Cut(strings.Replace(said, ` (possibly because of "`, ": ", 1), " (")
		fmt.Println(said)
	}
}
