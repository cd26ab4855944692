/* SPDX-License-Identifier: Apache-2.0 */
/* Images of library OSes (jail/image.h) in the store, each once, by a hash of it: so that cells
 * that were made with one go on with it, whatever ringfence continues their world. */
#ifndef KERNEL_CHECKPOINT_LIBOS_KEPT_H
#define KERNEL_CHECKPOINT_LIBOS_KEPT_H

#include "kernel/checkpoint/sink.h"
#include "kernel/jail/image.h"

struct store;
struct store_cut;

/* Has the cut put what the store lacks of the images that cells may have, and drop the others. A
 * failure is the commit's, too. */
void libos_keep(struct store *store, struct store_cut *cut);

/* Puts an image into a sink. 0 or a negative errno. */
int libos_save(struct image *image, struct sink *sink);

/* The image with that hash: of this executable, or from the source; it stays for good. 0;
 * -ENOEXEC: it is in neither, or damaged; or another negative errno. */
int libos_find(struct source *source, const u64 identity[2], struct image **image);

#endif
