#ifndef TT_JPEG_TURN_SAMPLES_H
#define TT_JPEG_TURN_SAMPLES_H

#include "jpeg_support.h"

/// A turn of a JPEG. It lives in the caller of the function that arms `session.jump`.
typedef struct turn_state {
    jpeg_session session;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    tt_turn turn;
    bool trims;
    /// What is kept of the picture, as it is stored.
    JDIMENSION kept_width;
    JDIMENSION kept_height;
    /// Samples, before and after. Freed by the caller.
    uint8_t *_Nullable pixels;
    uint8_t *_Nullable turned;
} turn_state;

/// Copies what makes the file what it is, and exchanges the axes of it where needed.
void jpeg_turn_set_parameters(turn_state *_Nonnull state);

/// Decodes, turns and encodes again, where coefficients cannot be moved. Call with `jump` armed, after jpeg_read_header
/// of this source.
tt_status jpeg_turn_samples(turn_state *_Nonnull state, const uint8_t *_Nonnull source, size_t count);

#endif
