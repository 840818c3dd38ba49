#ifndef TT_JPEG_ROTATE_SAMPLES_H
#define TT_JPEG_ROTATE_SAMPLES_H

#include "jpeg_support.h"

/// A rotation of a JPEG. It is a local of the caller of the function that arms `session.jump`.
typedef struct rotation_state {
    jpeg_session session;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    tt_rotation rotation;
    bool trims;
    /// The kept part of the picture, as it is stored.
    JDIMENSION kept_width;
    JDIMENSION kept_height;
    /// Samples, before and after. Freed by the caller.
    uint8_t *_Nullable pixels;
    uint8_t *_Nullable rotated;
} rotation_state;

/// Copies the file's parameters, and exchanges their axes if needed.
void tt_jpeg_rotate_set_parameters(rotation_state *_Nonnull state);

/// Decodes, rotates and encodes again, where coefficients cannot be moved. Call with `jump` armed, after
/// jpeg_read_header of this source.
tt_status tt_jpeg_rotate_samples(rotation_state *_Nonnull state, const uint8_t *_Nonnull source, size_t count);

#endif
