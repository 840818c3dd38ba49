#ifndef TT_JPEG_PLANES_TRANSFORM_H
#define TT_JPEG_PLANES_TRANSFORM_H

#include <stddef.h>
#include <stdint.h>

#include "jpeg_support.h"

// A block's way from coefficients to 1, 2, 4 or 8 samples a side, each the mean of those it stands for.
//
// The mean of neighbouring samples of a cosine is again one of the same frequency, made smaller; and of N samples only
// N frequencies can be told apart. So every coefficient is made smaller and added to one of N times N, and these are
// transformed. What belongs to frequencies that leave nothing goes to a place of its own behind them.

enum {
    TRANSFORM_PLACES = DCTSIZE2 + 1,
    /// Fractional bits of factors and sums.
    TRANSFORM_BITS = 16,
    /// A run may end behind the block before it is found to be wrong.
    TRANSFORM_STEPS = DCTSIZE2 + 16,
};

typedef struct transform_step {
    int32_t factor;
    uint32_t place;
} transform_step;

typedef struct transform {
    /// In the order of the file.
    transform_step steps[TRANSFORM_STEPS];
    int side;
} transform;

/// - side: 1, 2, 4 or 8.
void transform_make(transform *made, const JQUANT_TBL *quantization, int side);

/// Writes `side` rows of as many samples. `places` are the sums of all coefficients times their factors, in two parts.
void transform_write(const int32_t *places, const int32_t *others, int side, uint8_t *out, size_t stride);

#endif
