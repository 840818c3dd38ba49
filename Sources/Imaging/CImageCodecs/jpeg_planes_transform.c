#include "jpeg_planes_transform.h"

#include <string.h>

typedef float four __attribute__((vector_size(16)));
typedef int32_t four_ints __attribute__((vector_size(16)));
typedef uint8_t four_bytes __attribute__((vector_size(4)));

#define UNIT (1.0f / (1 << TRANSFORM_BITS))

// Row and column of the coefficients in the order of the file (T.81, figure A.6), as row * 8 + column.
static const uint8_t zigzag[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// cos(index * pi / 16)
static float cosine(int index) {
    static const float quarter[9] = {
        1.0f, 0.98078528f, 0.92387953f, 0.83146961f, 0.70710678f, 0.55557023f, 0.38268343f, 0.19509032f, 0.0f};
    index %= 32;
    if (index > 16) index = 32 - index;
    return index > 8 ? -quarter[16 - index] : quarter[index];
}

// What remains of a frequency in means over 8 / side samples, and which of `side` frequencies it looks like; -1: none.
static float reduced(int frequency, int side, int *place) {
    // The factor of the inverse transform: 1/2, and 1/sqrt(2) of it for the mean.
    float factor = frequency == 0 ? 0.35355339f : 0.5f;
    // The mean of two cosines is the cosine between them times that of half their distance; and so on.
    for (int step = 1; step < DCTSIZE / side; step *= 2) factor *= cosine(frequency * step);
    int folded = frequency % (4 * side);
    if (folded > 2 * side) folded = 4 * side - folded;
    if (folded > side) {
        folded = 2 * side - folded;
        factor = -factor;
    }
    *place = folded == side || factor == 0 ? -1 : folded;
    return factor;
}

void tt_transform_make(transform *made, const JQUANT_TBL *quantization, int side) {
    made->side = side;
    uint32_t nowhere = (uint32_t)(side * side);
    for (int index = 0; index < TRANSFORM_STEPS; index++) {
        made->steps[index] = (transform_step){0, nowhere};
        if (index >= DCTSIZE2) continue;
        int row = -1, column = -1;
        // Quantisation values are already in rows and columns.
        float factor = (float)quantization->quantval[zigzag[index]] * reduced(zigzag[index] / DCTSIZE, side, &row)
            * reduced(zigzag[index] % DCTSIZE, side, &column);
        if (row < 0 || column < 0) continue;
        // Below 2^30 for a quantisation of 16 bits.
        factor *= 1 << TRANSFORM_BITS;
        made->steps[index] =
            (transform_step){(int32_t)(factor + (factor < 0 ? -0.5f : 0.5f)), (uint32_t)(row * side + column)};
    }
}

static inline uint8_t to_sample(float value) {
    value += 128.5f;
    return value < 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
}

static inline void store(four value, uint8_t *out) {
    const four zero = {0, 0, 0, 0}, half = {128.5f, 128.5f, 128.5f, 128.5f}, most = {255, 255, 255, 255};
    value = __builtin_elementwise_min(__builtin_elementwise_max(value + half, zero), most);
    four_bytes bytes = __builtin_convertvector(__builtin_convertvector(value, four_ints), four_bytes);
    memcpy(out, &bytes, sizeof bytes);
}

static inline four load(const int32_t *at, const int32_t *other) {
    four_ints one, two;
    memcpy(&one, at, sizeof one);
    memcpy(&two, other, sizeof two);
    return __builtin_convertvector(one + two, four) * UNIT;
}

static inline void transpose(four rows[4]) {
    four a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    four b = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    four c = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    four d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    rows[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    rows[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    rows[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    rows[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

// The inverse transform of four points: cos((2 i + 1) u pi / 8).
static inline void inverse_4(four at[4]) {
    four even = at[0] + at[2] * 0.70710678f, other = at[0] - at[2] * 0.70710678f;
    four odd = at[1] * 0.92387953f + at[3] * 0.38268343f, small = at[1] * 0.38268343f - at[3] * 0.92387953f;
    at[0] = even + odd;
    at[1] = other + small;
    at[2] = other - small;
    at[3] = even - odd;
}

// And of eight: cos((2 i + 1) u pi / 16). Even frequencies are a transform of four.
static inline void inverse_8(four at[8]) {
    four even[4] = {at[0], at[2], at[4], at[6]};
    inverse_4(even);
    four odd[4] = {
        at[1] * 0.98078528f + at[3] * 0.83146961f + at[5] * 0.55557023f + at[7] * 0.19509032f,
        at[1] * 0.83146961f - at[3] * 0.19509032f - at[5] * 0.98078528f - at[7] * 0.55557023f,
        at[1] * 0.55557023f - at[3] * 0.98078528f + at[5] * 0.19509032f + at[7] * 0.83146961f,
        at[1] * 0.19509032f - at[3] * 0.55557023f + at[5] * 0.83146961f - at[7] * 0.98078528f};
    for (int index = 0; index < 4; index++) {
        at[index] = even[index] + odd[index];
        at[7 - index] = even[index] - odd[index];
    }
}

static void write_4(const int32_t *places, const int32_t *others, uint8_t *out, size_t stride) {
    four rows[4];
    for (int row = 0; row < 4; row++) rows[row] = load(places + row * 4, others + row * 4);
    inverse_4(rows);
    transpose(rows);
    inverse_4(rows);
    transpose(rows);
    for (int row = 0; row < 4; row++) store(rows[row], out + (size_t)row * stride);
}

static void write_8(const int32_t *places, const int32_t *others, uint8_t *out, size_t stride) {
    four halves[2][8];
    for (int half = 0; half < 2; half++) {
        for (int row = 0; row < 8; row++) halves[half][row] = load(places + row * 8 + half * 4, others + row * 8 + half * 4);
        inverse_8(halves[half]);
        transpose(halves[half]);
        transpose(halves[half] + 4);
    }
    // Now, of rows 0 to 3, columns 0 to 3 are in halves[0][0...], 4 to 7 in halves[1][0...].
    for (int block = 0; block < 2; block++) {
        four columns[8];
        for (int index = 0; index < 4; index++) {
            columns[index] = halves[0][block * 4 + index];
            columns[index + 4] = halves[1][block * 4 + index];
        }
        inverse_8(columns);
        transpose(columns);
        transpose(columns + 4);
        for (int row = 0; row < 4; row++) {
            uint8_t *target = out + (size_t)(block * 4 + row) * stride;
            store(columns[row], target);
            store(columns[row + 4], target + 4);
        }
    }
}

static void write_2(const int32_t *places, const int32_t *others, uint8_t *out, size_t stride) {
    four_ints one, two;
    memcpy(&one, places, sizeof one);
    memcpy(&two, others, sizeof two);
    // cos(pi / 4) for the odd frequency, at both samples.
    const four cosines = {UNIT, UNIT * 0.70710678f, UNIT * 0.70710678f, UNIT * 0.5f};
    four sum = __builtin_convertvector(one + two, four) * cosines;
    float left = sum[0] + sum[1], right = sum[0] - sum[1], lower = sum[2] + sum[3], other = sum[2] - sum[3];
    out[0] = to_sample(left + lower);
    out[1] = to_sample(right + other);
    out[stride] = to_sample(left - lower);
    out[stride + 1] = to_sample(right - other);
}

void tt_transform_write(const int32_t *places, const int32_t *others, int side, uint8_t *out, size_t stride) {
    switch (side) {
    case 1:
        out[0] = to_sample((float)places[0] * UNIT);
        break;
    case 2:
        write_2(places, others, out, stride);
        break;
    case 4:
        write_4(places, others, out, stride);
        break;
    default:
        write_8(places, others, out, stride);
        break;
    }
}
