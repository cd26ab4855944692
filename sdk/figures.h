/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of cells as text for people. */
#ifndef SDK_FIGURES_H
#define SDK_FIGURES_H

#include "abi/interface/cell.h"

/* 1536 as 1.5K; the text. */
const char *rf_size_text(u64 bytes, char text[16]);

/* Memory over time, in byte-seconds. */
double rf_byte_seconds(const struct rf_cell_stat *stat);

/* Of enum rf_cell_state. */
const char *rf_state_name(u32 state);

#endif
