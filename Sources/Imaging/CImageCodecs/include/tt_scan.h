#ifndef TT_SCAN_H
#define TT_SCAN_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The offset of the first 0xFF in entropy-coded JPEG data that is not followed, within these bytes, by a stuffed zero
/// or a restart marker; `count` if there is none. A 0xFF in the last byte is reported: only the next byte decides.
size_t tt_jpeg_skip_entropy_data(const uint8_t *bytes, size_t count);

/// The CRC of PNG (ISO 3309), continued from `crc`; start with 0.
uint32_t tt_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

/// Inflates the beginning of a zlib stream, up to `wanted` bytes, and returns how many there were.
size_t tt_inflate_prefix(const uint8_t *source, size_t count, uint8_t *target, size_t wanted);

#pragma clang assume_nonnull end

#endif
