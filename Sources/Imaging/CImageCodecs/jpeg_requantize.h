#ifndef TT_JPEG_REQUANTIZE_H
#define TT_JPEG_REQUANTIZE_H

#include "jpeg_support.h"

/// One component's samples in memory.
typedef struct jpeg_samples {
    const uint8_t *_Nullable data;
    /// From one sample to the next, and from one row to the next, in bytes.
    size_t step;
    size_t stride;
    uint32_t width;
    uint32_t height;
    /// The compressor's table that quantises it.
    int table;
} jpeg_samples;

/// The part of the file's own quantisation by which these samples, which were quantised once already, change by no more
/// than `error` (of 255, the mean visible change). 1 if the file's own tables are fine enough, and never less than
/// `JPEG_FINEST`. Estimated from some thousand blocks.
double jpeg_requantize_part(
    const jpeg_samples *_Nonnull samples, int count, const struct jpeg_compress_struct *_Nonnull out, bool is_ycc, double error);

/// Makes the compressor's tables finer: to `part` of their mean, and more even, because no frequency matters more than
/// another if already coarse values must be kept. No value grows.
void jpeg_requantize(struct jpeg_compress_struct *_Nonnull out, double part);

#define JPEG_FINEST 0.25

#endif
