/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/classes.h"

#include "kernel/cell.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/object/bank.h"
#include "kernel/object/common.h"
#include "kernel/object/console.h"
#include "kernel/object/constructor.h"
#include "kernel/object/dir.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/meter.h"
#include "kernel/object/node.h"
#include "kernel/object/notification.h"
#include "kernel/object/resume.h"
#include "kernel/object/segment.h"
#include "kernel/object/viewer.h"
#include "kernel/world.h"

static const struct object_class *const classes[STORED_LIMIT] = {
    [STORED_WORLD] = &world_class,
    [STORED_HOST_CLOCK] = &host_clock_class,
    [STORED_DISCRIM] = &discrim_class,
    [STORED_BANK] = &bank_class,
    [STORED_METER] = &meter_class,
    [STORED_CELL] = &cell_class,
    [STORED_NODE] = &node_class,
    [STORED_SEGMENT] = &segment_class,
    [STORED_ENDPOINT] = &endpoint_class,
    [STORED_NOTIFICATION] = &notification_class,
    [STORED_CONSTRUCTOR] = &constructor_class,
    [STORED_VIEWER] = &viewer_class,
    [STORED_CONSOLE] = &console_class,
    [STORED_DIR] = &dir_class,
    [STORED_FILE] = &file_class,
    [STORED_RESUME] = &resume_class,
    [STORED_ENTRY] = &entry_class,
    [STORED_SCREEN] = &screen_class,
    [STORED_CLOCK] = &clock_class,
};

const struct object_class *stored_class(u64 stored)
{
    return stored < STORED_LIMIT ? classes[stored] : NULL;
}
