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

size_t tt_inflate_prefix(const uint8_t *source, size_t count, uint8_t *target, size_t wanted) {
    if (count > UINT32_MAX || wanted > UINT32_MAX) return 0;
    z_stream stream = {0};
    // zlib's old interface takes non-const input, but only reads it.
    stream.next_in = (Bytef *)(uintptr_t)source;
    stream.avail_in = (uInt)count;
    stream.next_out = target;
    stream.avail_out = (uInt)wanted;
    if (inflateInit(&stream) != Z_OK) return 0;
    inflate(&stream, Z_SYNC_FLUSH);
    size_t written = wanted - stream.avail_out;
    inflateEnd(&stream);
    return written;
}
