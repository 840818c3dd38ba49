<?php
// Signs the URL of an image, and prints the query. docs/security.md shows the function.
// usage: php sign.php PATH QUERY SECONDS KID SECRET NOW

const GRAIN = 300; // as SIGNED_URL_GRAIN_SECONDS

function signed_query(string $path, string $query, int $seconds, string $kid, string $secret, int $now): string
{
    $expires = intdiv($now + $seconds + GRAIN - 1, GRAIN) * GRAIN;
    $issued = intdiv($now, GRAIN) * GRAIN;
    $signed = ($query === '' ? '' : "$query&") . "exp=$expires&iat=$issued&kid=$kid";
    $code = hash_hmac('sha256', "tintype-url-1\n$path\n$signed", $secret, true);
    return "$signed&sig=" . rtrim(strtr(base64_encode($code), '+/', '-_'), '=');
}

[, $path, $query, $seconds, $kid, $secret, $now] = $argv;
echo signed_query($path, $query, (int) $seconds, $kid, $secret, (int) $now), "\n";
