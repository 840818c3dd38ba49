#ifndef TT_JPEG_SHIFT_H
#define TT_JPEG_SHIFT_H

#include <stddef.h>
#include <stdint.h>

/// Moves the samples of a line by a part of their distance, towards its begin: each becomes what lies `part` (0 to 1)
/// behind it. `copy` is space for as many samples.
void tt_jpeg_shift_line(
    uint8_t *_Nonnull line, size_t count, size_t stride, double part, uint8_t *_Nonnull copy);

#endif
