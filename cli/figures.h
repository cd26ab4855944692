/* SPDX-License-Identifier: Apache-2.0 */
/* What --stats shows. */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include "cli/launch.h"

/* On stderr, when the cell has ended; STATS_NONE: nothing. */
void figures_show(const struct rf_cell_stat *stat, enum stats_format format);

#endif
