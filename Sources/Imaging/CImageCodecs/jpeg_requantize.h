#ifndef TT_JPEG_REQUANTIZE_H
#define TT_JPEG_REQUANTIZE_H

#include "jpeg_support.h"

/// One component's samples, closed up, as they are to be stored.
typedef struct jpeg_plane {
    uint8_t *_Nullable data;
    uint32_t width;
    uint32_t height;
    /// Its blocks are those of the original, elsewhere: the same quantisation loses nothing.
    bool keeps_blocks;
} jpeg_plane;

typedef struct jpeg_picture {
    int count;
    jpeg_plane planes[MAX_COMPS_IN_SCAN];
    bool is_ycc;
} jpeg_picture;

/// How much the picture may change, of 255, in the mean of what is seen: somewhat less than if the compressor's own
/// tables rounded once more what they have rounded already, as far as steps can be so fine, and no more than `most`.
/// Judged by some thousand blocks.
double tt_jpeg_wanted_error(
    const jpeg_picture *_Nonnull picture, const struct jpeg_compress_struct *_Nonnull out, double most);

/// What becomes of a picture by a quantisation.
typedef struct jpeg_outcome {
    /// How much it changes, of 255, in the mean of what is seen.
    double error;
    double bytes;
} jpeg_outcome;

/// What would become of a picture, whose parameters are set, by tables of `part` of the mean of those that are set.
/// They are set then. Judged by some hundred blocks, without what the tables themselves take.
jpeg_outcome tt_jpeg_try_requantized(
    const jpeg_picture *_Nonnull picture, struct jpeg_compress_struct *_Nonnull out, double part);

/// Writes the picture so, and returns how much it has changed.
double tt_jpeg_write_requantized(
    const jpeg_picture *_Nonnull picture, struct jpeg_compress_struct *_Nonnull out, double part);

#endif
