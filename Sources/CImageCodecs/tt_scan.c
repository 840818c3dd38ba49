#include "tt_scan.h"

#include <string.h>
#include <zlib.h>

size_t tt_jpeg_skip_entropy_data(const uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (at < count) {
        // memchr is vectorised by libc; a 0xFF comes about every 256 bytes.
        const uint8_t *found = memchr(bytes + at, 0xFF, count - at);
        if (found == NULL) return count;
        at = (size_t)(found - bytes);
        if (at + 1 == count) return at;
        uint8_t next = bytes[at + 1];
        if (next != 0 && (next < 0xD0 || next > 0xD7)) return at;
        at += 2;
    }
    return count;
}

uint32_t tt_crc32(uint32_t crc, const uint8_t *bytes, size_t count) { return (uint32_t)crc32_z(crc, bytes, count); }
