/* SPDX-License-Identifier: Apache-2.0 */
/* Every interface and its operations, declared once, in abi/interface/. Each line is
 *
 *   OP(interface, NAME, number, rights, "words, data and caps in", "result; words, data and caps
 * out", "meaning and errors", "what it is charged for")
 *
 * Dispatch (with the check of rights), the SDK's names, the decoding of traces and the reference
 * pages are made from these lines. Operation numbers are unique over all interfaces (interface * 32
 * + n), so a message for the wrong kind of object is refused by number alone. `w0`..`w3` are the
 * argument words (registers on the way in, message.words on the way out). "caps" are slots of the
 * caller in message.caps, of which the receiver gets copies. Paths in data are not NUL-terminated
 * (data_length counts), are relative to the dir, hold no "..", no leading "/" and no NUL; "" or "."
 * names the dir itself. Errors that any invocation can give are in abi/invoke.h. */
#ifndef ABI_OBJECTS_H
#define ABI_OBJECTS_H

#include "abi/file_system.h"
#include "abi/interface/any.h"
#include "abi/interface/bank.h"
#include "abi/interface/cell.h"
#include "abi/interface/cell_self.h"
#include "abi/interface/clock.h"
#include "abi/interface/console.h"
#include "abi/interface/constructor.h"
#include "abi/interface/dir.h"
#include "abi/interface/discrim.h"
#include "abi/interface/endpoint.h"
#include "abi/interface/file.h"
#include "abi/interface/meter.h"
#include "abi/interface/node.h"
#include "abi/interface/notification.h"
#include "abi/interface/process.h"
#include "abi/interface/segment.h"
#include "abi/interface/space.h"
#include "abi/interface/viewer.h"
#include "abi/interface/world.h"
#include "abi/rights.h"

#define RF_OPERATIONS(OP)                                                                          \
    RF_OPS_ANY(OP)                                                                                 \
    RF_OPS_CELL_SELF(OP)                                                                           \
    RF_OPS_CONSOLE(OP)                                                                             \
    RF_OPS_CLOCK(OP)                                                                               \
    RF_OPS_DIR(OP)                                                                                 \
    RF_OPS_FILE(OP)                                                                                \
    RF_OPS_BANK(OP)                                                                                \
    RF_OPS_NODE(OP)                                                                                \
    RF_OPS_SEGMENT(OP)                                                                             \
    RF_OPS_CELL(OP)                                                                                \
    RF_OPS_ENDPOINT(OP)                                                                            \
    RF_OPS_RESUME(OP)                                                                              \
    RF_OPS_NOTIFICATION(OP)                                                                        \
    RF_OPS_METER(OP)                                                                               \
    RF_OPS_CONSTRUCTOR(OP)                                                                         \
    RF_OPS_DISCRIM(OP)                                                                             \
    RF_OPS_VIEWER(OP)                                                                              \
    RF_OPS_WORLD(OP)                                                                               \
    RF_OPS_SPACE(OP)                                                                               \
    RF_OPS_PROCESS(OP)

/* Every interface: KIND(interface, NAME, "what it is"). An entry has the interface of whatever the
 * program behind it pretends to be. */
#define RF_KINDS(KIND)                                                                             \
    KIND(cell_self, CELL_SELF, "the cell's own line to the kernel")                                \
    KIND(console, CONSOLE, "a stream with a user at its far end")                                  \
    KIND(clock, CLOCK, "clocks")                                                                   \
    KIND(dir, DIR, "a directory")                                                                  \
    KIND(file, FILE, "an opened file")                                                             \
    KIND(bank, BANK, "a space bank")                                                               \
    KIND(node, NODE, "an array of capabilities")                                                   \
    KIND(segment, SEGMENT, "memory")                                                               \
    KIND(cell, CELL, "a cell")                                                                     \
    KIND(endpoint, ENDPOINT, "the receiving end of messages")                                      \
    KIND(entry, ENTRY, "an object that a program implements")                                      \
    KIND(resume, RESUME, "a caller that waits")                                                    \
    KIND(notification, NOTIFICATION, "event bits")                                                 \
    KIND(meter, METER, "processor time")                                                           \
    KIND(constructor, CONSTRUCTOR, "makes instances of a program")                                 \
    KIND(discrim, DISCRIM, "tells capabilities apart")                                             \
    KIND(viewer, VIEWER, "the far end of a console")                                               \
    KIND(world, WORLD, "the world")                                                                \
    KIND(space, SPACE, "mappings of segments")                                                     \
    KIND(process, PROCESS, "a process of a cell")

enum rf_op {
#define OP(interface, name, number, ...) RF_OP_##name = (number),
    RF_OPERATIONS(OP)
#undef OP
        RF_OP_LIMIT = 704
};

enum rf_kind {
    RF_KIND_NONE = 0,
#define KIND(interface, name, meaning) RF_KIND_##name,
    RF_KINDS(KIND)
#undef KIND
        RF_KIND_LIMIT
};

#endif
