/* SPDX-License-Identifier: Apache-2.0 */
/* All objects of the world, with the capabilities in them, to and from what is kept of them.
 *
 * Every object that somebody could find again is written, with its number, its class and its bank;
 * capabilities are written where they are held. References are not counted: they are what they are
 * once everything is read. What was charged to banks is charged again. What only clients of the
 * socket held is read and then nobody's, and so ends at once, as if they had gone. */
#ifndef KERNEL_CHECKPOINT_OBJECTS_H
#define KERNEL_CHECKPOINT_OBJECTS_H

#include "kernel/checkpoint/sink.h"
#include "kernel/object/object.h"

/* Marks of records: what class of object is stored. Never used again for another one. */
enum stored_class {
    STORED_NONE = 0, /* not kept: whatever refers to it finds that it has ended */
    STORED_WORLD,
    STORED_HOST_CLOCK,
    STORED_DISCRIM,
    STORED_BANK,
    STORED_METER,
    STORED_CELL,
    STORED_NODE,
    STORED_SEGMENT,
    STORED_ENDPOINT,
    STORED_NOTIFICATION,
    STORED_CONSTRUCTOR,
    STORED_VIEWER,
    STORED_CONSOLE,
    STORED_DIR,
    STORED_FILE,
    STORED_RESUME,
    STORED_ENTRY,
    STORED_SCREEN,
    STORED_CLOCK,
    STORED_LIMIT
};

/* Writes all objects as part 0 of their numbers' records. 0 or a negative errno. */
int objects_save(struct sink *sink);

/* Makes all objects again, in a world that has only what world_init made. 0; -EPROTO: something
 * that is kept makes no sense, -ENOMEM, another negative errno of the source: `why` says more, and
 * the world is of no use any more. */
int objects_load(struct source *source, char why[128]);

/* The same for who only looks: each thing that makes no sense is told in one line, and passed over.
 * 0; -ENOMEM, or another negative errno of the source. */
typedef void objects_fault(void *context, const char *text);
int objects_check(struct source *source, objects_fault *tell, void *context);

/* The object of that number, without a reference; NULL: there is none. While loading, of those that
 * are loaded. */
struct object *objects_find(u64 number);

#endif
