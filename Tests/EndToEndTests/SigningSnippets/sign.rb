# Signs the URL of an image, and prints the query. docs/security.md shows the function.
# usage: ruby sign.rb PATH QUERY SECONDS KID SECRET NOW

require "openssl"

GRAIN = 300 # as SIGNED_URL_GRAIN_SECONDS

def signed_query(path, query, seconds, kid, secret, now)
  expires = (now + seconds + GRAIN - 1) / GRAIN * GRAIN
  issued = now / GRAIN * GRAIN
  signed = query.empty? ? "" : "#{query}&"
  signed += "exp=#{expires}&iat=#{issued}&kid=#{kid}"
  code = OpenSSL::HMAC.digest("SHA256", secret, "tintype-url-1\n#{path}\n#{signed}")
  "#{signed}&sig=#{[code].pack("m0").tr("+/", "-_").delete("=")}"
end

path, query, seconds, kid, secret, now = ARGV
puts signed_query(path, query, seconds.to_i, kid, secret, now.to_i)
