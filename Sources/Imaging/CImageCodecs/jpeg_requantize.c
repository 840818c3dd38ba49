#include "jpeg_requantize.h"

#include <math.h>

#include "jpeg_block.h"

enum {
    /// So many blocks of each component are looked at for an estimate.
    BLOCKS = 1024,
    /// Bits of a DC value, or so: half a byte, and what its size costs.
    DC_BITS = 6,
    /// What a baseline file may hold.
    LARGEST_STEP = 255,
};

// What follows was found by trial, on small photos of many kinds: how far the steps of all frequencies are drawn to
// their mean, how much finer chroma is than luma, and what squared error a bit must save, as a part of a squared step.
//
// No frequency is worth more than another where what is already coarse is to be kept as it is: only the bytes speak
// against a table without slope. An error of chroma is seen up to twice in RGB, and finer chroma takes few bytes.
static const double EVENNESS = 0.85, CHROMA = 0.5, PRICE = 0.08;

static double mean_of(const UINT16 *values) {
    double sum = 0;
    for (int index = 0; index < DCTSIZE2; index++) sum += log(values[index] > 0 ? values[index] : 1);
    return exp(sum / DCTSIZE2);
}

static bool keeps_table(const jpeg_picture *picture, const struct jpeg_compress_struct *out, int table) {
    for (int index = 0; index < picture->count; index++)
        if (out->comp_info[index].quant_tbl_no == table && !picture->planes[index].keeps_blocks) return false;
    return true;
}

static void requantize(const jpeg_picture *picture, struct jpeg_compress_struct *out, double part) {
    for (int table = 0; table < NUM_QUANT_TBLS; table++) {
        if (out->quant_tbl_ptrs[table] == NULL || keeps_table(picture, out, table)) continue;
        UINT16 *values = out->quant_tbl_ptrs[table]->quantval;
        double own = mean_of(values), mean = own * part * (picture->is_ycc && table > 0 ? CHROMA : 1);
        // What rounding takes from one step is given to the next, so that bytes follow from the part without jumps.
        // Areas without structure keep their value if the step of the DC value stays as it is; it takes few bits
        // anyhow.
        double rest = 0;
        for (int index = 1; index < DCTSIZE2; index++) {
            double value = mean * pow(values[index] / own, 1 - EVENNESS) + rest;
            double step = fmin(fmax(floor(value + 0.5), 1), LARGEST_STEP);
            rest = fmin(fmax(value - step, -1), 1);
            values[index] = (UINT16)step;
        }
    }
}

// A block that lies half outside: the last samples are repeated.
static void transform_at(
    const jpeg_block_basis *basis, const jpeg_plane *plane, JDIMENSION column, JDIMENSION row, float *block) {
    size_t left = (size_t)column * DCTSIZE, top = (size_t)row * DCTSIZE;
    if (left + DCTSIZE <= plane->width && top + DCTSIZE <= plane->height) {
        tt_jpeg_block_transform(basis, plane->data + top * plane->width + left, plane->width, block);
        return;
    }
    uint8_t samples[DCTSIZE2];
    for (size_t y = 0; y < DCTSIZE; y++)
        for (size_t x = 0; x < DCTSIZE; x++) {
            size_t from_x = left + x < plane->width ? left + x : plane->width - 1;
            size_t from_y = top + y < plane->height ? top + y : plane->height - 1;
            samples[y * DCTSIZE + x] = plane->data[from_y * plane->width + from_x];
        }
    tt_jpeg_block_transform(basis, samples, DCTSIZE, block);
}

static JDIMENSION blocks_of(uint32_t samples) { return (samples + DCTSIZE - 1) / DCTSIZE; }

// The squared error, in the mean of the samples, of blocks here and there; what they are made of is counted.
static double sample_blocks(const jpeg_block_quantizer *quantizer, const jpeg_plane *plane, uint32_t *counts) {
    uint64_t columns = blocks_of(plane->width), blocks = columns * blocks_of(plane->height);
    uint64_t step = blocks / BLOCKS + 1, seen = 0;
    double error = 0;
    float block[DCTSIZE2];
    JCOEF values[DCTSIZE2];
    for (uint64_t at = 0; at < blocks; at += step, seen++) {
        transform_at(quantizer->basis, plane, (JDIMENSION)(at % columns), (JDIMENSION)(at / columns), block);
        error += tt_jpeg_block_quantize(quantizer, block, values);
        tt_jpeg_block_count(quantizer->basis, values, counts);
    }
    return seen > 0 ? error / ((double)seen * DCTSIZE2) : 0;
}

// What is seen of it: the mean change of a value in RGB, or of any other component. Errors of this kind are spread so
// that their mean is three quarters of their deviation, and a sample is rounded once more in the end.
static double seen_error(const jpeg_picture *picture, const double *squared) {
    const double share = 0.75, rounding = 1.0 / 12;
    double sum = 0;
    if (picture->is_ycc && picture->count == 3) {
        sum += sqrt(squared[0] + 1.966 * squared[2] + rounding);
        sum += sqrt(squared[0] + 0.118 * squared[1] + 0.510 * squared[2] + rounding);
        sum += sqrt(squared[0] + 3.140 * squared[1] + rounding);
        return share * sum / 3;
    }
    for (int index = 0; index < picture->count; index++) sum += sqrt(squared[index] + rounding);
    return share * sum / picture->count;
}

double tt_jpeg_wanted_error(const jpeg_picture *picture, const struct jpeg_compress_struct *out, double most) {
    jpeg_block_basis basis;
    tt_jpeg_block_basis_begin(&basis);
    double squared[MAX_COMPS_IN_SCAN] = {0};
    for (int index = 0; index < picture->count; index++) {
        const JQUANT_TBL *table = out->quant_tbl_ptrs[out->comp_info[index].quant_tbl_no];
        jpeg_block_quantizer quantizer;
        tt_jpeg_block_quantizer_begin(&quantizer, &basis, table->quantval);
        uint32_t counts[JPEG_SYMBOLS] = {0};
        squared[index] = sample_blocks(&quantizer, &picture->planes[index], counts);
    }
    // By steps of 1, which are the finest.
    const double finest[MAX_COMPS_IN_SCAN] = {1.0 / 12, 1.0 / 12, 1.0 / 12, 1.0 / 12};
    return fmin(fmax(0.9 * seen_error(picture, squared), 1.1 * seen_error(picture, finest)), most);
}

// How a component is quantised by the tables that are set.
static void begin_quantizer(
    jpeg_block_quantizer *quantizer, const jpeg_picture *picture, int index, const struct jpeg_compress_struct *out,
    const jpeg_block_basis *basis) {
    int table = out->comp_info[index].quant_tbl_no;
    tt_jpeg_block_quantizer_begin(quantizer, basis, out->quant_tbl_ptrs[table]->quantval);
    uint32_t counts[JPEG_SYMBOLS] = {0};
    sample_blocks(quantizer, &picture->planes[index], counts);
    tt_jpeg_block_quantizer_learn(quantizer, counts);
    double mean = mean_of(quantizer->steps);
    if (!keeps_table(picture, out, table)) quantizer->price = PRICE * mean * mean;
}

jpeg_outcome tt_jpeg_try_requantized(const jpeg_picture *picture, struct jpeg_compress_struct *out, double part) {
    jpeg_block_basis basis;
    tt_jpeg_block_basis_begin(&basis);
    requantize(picture, out, part);
    double squared[MAX_COMPS_IN_SCAN] = {0}, bits = 0;
    for (int index = 0; index < picture->count; index++) {
        const jpeg_plane *plane = &picture->planes[index];
        jpeg_block_quantizer quantizer;
        begin_quantizer(&quantizer, picture, index, out, &basis);
        uint32_t counts[JPEG_SYMBOLS] = {0};
        squared[index] = sample_blocks(&quantizer, plane, counts);
        tt_jpeg_block_quantizer_learn(&quantizer, counts);
        uint64_t blocks = (uint64_t)blocks_of(plane->width) * blocks_of(plane->height);
        uint64_t step = blocks / BLOCKS + 1, seen = (blocks + step - 1) / step;
        bits += (tt_jpeg_block_bits(&quantizer, counts) / (double)seen + DC_BITS) * (double)blocks;
    }
    return (jpeg_outcome){seen_error(picture, squared), bits / 8};
}

static double write_component(
    const jpeg_picture *picture, int index, struct jpeg_compress_struct *out, const jpeg_block_basis *basis,
    jvirt_barray_ptr target) {
    const jpeg_plane *plane = &picture->planes[index];
    jpeg_block_quantizer quantizer;
    begin_quantizer(&quantizer, picture, index, out, basis);
    JDIMENSION columns = blocks_of(plane->width), rows = blocks_of(plane->height);
    double error = 0;
    float block[DCTSIZE2];
    for (JDIMENSION row = 0; row < rows; row++) {
        // Where the picture was given up, this ends it.
        out->progress->progress_monitor((j_common_ptr)out);
        JBLOCKARRAY blocks = out->mem->access_virt_barray((j_common_ptr)out, target, row, 1, TRUE);
        for (JDIMENSION column = 0; column < columns; column++) {
            transform_at(basis, plane, column, row, block);
            error += tt_jpeg_block_quantize(&quantizer, block, blocks[0][column]);
        }
    }
    return error / ((double)columns * rows * DCTSIZE2);
}

double tt_jpeg_write_requantized(const jpeg_picture *picture, struct jpeg_compress_struct *out, double part) {
    jpeg_block_basis basis;
    tt_jpeg_block_basis_begin(&basis);
    requantize(picture, out, part);
    jvirt_barray_ptr targets[MAX_COMPS_IN_SCAN];
    for (int index = 0; index < picture->count; index++) {
        const jpeg_component_info *component = &out->comp_info[index];
        JDIMENSION across = (JDIMENSION)component->h_samp_factor, down = (JDIMENSION)component->v_samp_factor;
        // Rounded up to whole MCUs: libjpeg's encoder looks at the rows of a whole MCU.
        targets[index] = out->mem->request_virt_barray(
            (j_common_ptr)out, JPOOL_IMAGE, TRUE,
            (blocks_of(picture->planes[index].width) + across - 1) / across * across,
            (blocks_of(picture->planes[index].height) + down - 1) / down * down, down);
    }
    jpeg_write_coefficients(out, targets);
    double squared[MAX_COMPS_IN_SCAN] = {0};
    for (int index = 0; index < picture->count; index++)
        squared[index] = write_component(picture, index, out, &basis, targets[index]);
    jpeg_finish_compress(out);
    return seen_error(picture, squared);
}
