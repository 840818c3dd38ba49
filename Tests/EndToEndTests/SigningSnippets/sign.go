// Signs the URL of an image, and prints the query. docs/security.md shows the function.
// usage: go run sign.go PATH QUERY SECONDS KID SECRET NOW
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
)

const grain = 300 // as SIGNED_URL_GRAIN_SECONDS

func signedQuery(path, query string, seconds int64, kid, secret string, now int64) string {
	if query != "" {
		query += "&"
	}
	expires, issued := (now+seconds+grain-1)/grain*grain, now/grain*grain
	signed := fmt.Sprintf("%sexp=%d&iat=%d&kid=%s", query, expires, issued, kid)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("tintype-url-1\n" + path + "\n" + signed))
	return signed + "&sig=" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func main() {
	number := func(text string) int64 {
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(64)
		}
		return value
	}
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: sign PATH QUERY SECONDS KID SECRET NOW")
		os.Exit(64)
	}
	a := os.Args[1:]
	fmt.Println(signedQuery(a[0], a[1], number(a[2]), a[3], a[4], number(a[5])))
}
