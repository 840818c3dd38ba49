#include "jpeg_requantize.h"

#include <math.h>

// How many blocks of each component are examined.
enum { BLOCKS = 1024 };

static double mean_of(const UINT16 *values) {
    double sum = 0;
    for (int index = 0; index < DCTSIZE2; index++) sum += log(values[index] > 0 ? values[index] : 1);
    return exp(sum / DCTSIZE2);
}

// A mix of a fraction of the value itself and a fraction of the mean: with the same bytes, the error was a tenth less
// than with either. The same held for a chroma table (never the first one) a fifth finer than luma's.
static double finer(double value, double mean, double part, int table) {
    double finest = part * sqrt(value * mean) * (table > 0 ? 0.8 : 1);
    return finest < value ? finest : value;
}

void jpeg_requantize(struct jpeg_compress_struct *out, double part) {
    if (part >= 1) return;
    for (int table = 0; table < NUM_QUANT_TBLS; table++) {
        if (out->quant_tbl_ptrs[table] == NULL) continue;
        UINT16 *values = out->quant_tbl_ptrs[table]->quantval;
        double mean = mean_of(values);
        for (int index = 0; index < DCTSIZE2; index++) {
            double value = floor(finer(values[index], mean, part, table) + 0.5);
            values[index] = (UINT16)(value < 1 ? 1 : value);
        }
    }
}

// The orthonormal DCT of a block, by its definition: there are few blocks.
static void transform(const double *cosines, const jpeg_samples *samples, uint32_t left, uint32_t top, double *block) {
    double rows[DCTSIZE2];
    for (int y = 0; y < DCTSIZE; y++) {
        const uint8_t *in = samples->data + (top + (uint32_t)y) * samples->stride + left * samples->step;
        for (int u = 0; u < DCTSIZE; u++) {
            double sum = 0;
            for (int x = 0; x < DCTSIZE; x++) sum += cosines[u * DCTSIZE + x] * in[(size_t)x * samples->step];
            rows[y * DCTSIZE + u] = sum;
        }
    }
    for (int u = 0; u < DCTSIZE; u++)
        for (int v = 0; v < DCTSIZE; v++) {
            double sum = 0;
            for (int y = 0; y < DCTSIZE; y++) sum += cosines[v * DCTSIZE + y] * rows[y * DCTSIZE + u];
            block[v * DCTSIZE + u] = sum;
        }
}

// The mean squared change of a sample. The DCT is orthonormal: an error of a coefficient is an error of the samples.
static double squared_error(const double *cosines, const jpeg_samples *samples, const UINT16 *values, double part) {
    int table = samples->table;
    uint32_t columns = samples->width / DCTSIZE, rows = samples->height / DCTSIZE;
    uint64_t blocks = (uint64_t)columns * rows;
    if (blocks == 0) return 0;
    uint64_t step = blocks / BLOCKS + 1, seen = 0;
    double mean = mean_of(values), sum = 0, block[DCTSIZE2], steps[DCTSIZE2];
    for (int index = 0; index < DCTSIZE2; index++) {
        double value = part < 1 ? floor(finer(values[index], mean, part, table) + 0.5) : values[index];
        steps[index] = value < 1 ? 1 : value;
    }
    for (uint64_t at = 0; at < blocks; at += step, seen++) {
        uint32_t left = (uint32_t)(at % columns) * DCTSIZE, top = (uint32_t)(at / columns) * DCTSIZE;
        transform(cosines, samples, left, top, block);
        for (int index = 0; index < DCTSIZE2; index++) {
            double change = block[index] - steps[index] * floor(block[index] / steps[index] + 0.5);
            sum += change * change;
        }
    }
    return sum / ((double)seen * DCTSIZE2);
}

// The visible error: the mean change of a value in RGB, or of any other component. Errors of this kind are distributed
// so that their mean is three quarters of their deviation, and a sample is rounded once more at the end.
static double seen_error(const double *squared, int count, bool is_ycc) {
    const double share = 0.75, rounding = 1.0 / 12;
    double sum = 0;
    if (is_ycc && count >= 3) {
        sum += sqrt(squared[0] + 1.966 * squared[2] + rounding);
        sum += sqrt(squared[0] + 0.118 * squared[1] + 0.510 * squared[2] + rounding);
        sum += sqrt(squared[0] + 3.140 * squared[1] + rounding);
        return share * sum / 3;
    }
    for (int index = 0; index < count; index++) sum += sqrt(squared[index] + rounding);
    return share * sum / count;
}

double jpeg_requantize_part(
    const jpeg_samples *samples, int count, const struct jpeg_compress_struct *out, bool is_ycc, double error) {
    double cosines[DCTSIZE2];
    for (int u = 0; u < DCTSIZE; u++)
        for (int x = 0; x < DCTSIZE; x++)
            cosines[u * DCTSIZE + x] = (u == 0 ? sqrt(0.125) : 0.5) * cos((2 * x + 1) * u * 3.14159265358979 / 16);
    double part = 1;
    while (part > JPEG_FINEST) {
        double squared[MAX_COMPS_IN_SCAN] = {0};
        for (int index = 0; index < count; index++) {
            const JQUANT_TBL *table = out->quant_tbl_ptrs[samples[index].table];
            if (table != NULL) squared[index] = squared_error(cosines, &samples[index], table->quantval, part);
        }
        if (seen_error(squared, count, is_ycc) <= error) return part;
        part *= 0.85;
    }
    return JPEG_FINEST;
}
