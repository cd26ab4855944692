/* SPDX-License-Identifier: Apache-2.0 */
/* The commit protocol of kernel/store/commit.c, over a disk that keeps what was not flushed or not, in any order, and a reader.
 *
 * There are PLACES places for the one page of the world, whose content in generation g is g. The index, LMDB's, is a
 * register of two: the committed generation and the place of its page; to write it is atomic and durable. The power fails at
 * any instant: then each write that was not flushed is on the disk or is not. So in every state the committed generation must be
 * on the disk, whatever is lost, and no restart need be modelled.
 *
 * -DNO_FLUSH, -DEARLY_COMMIT, -DEARLY_REUSE, -DNO_BARRIER each break the protocol in one way; the model must then fail. */

#define PLACES      3
#define GENERATIONS 5

byte cache[PLACES];          /* what is written */
byte disk[PLACES];           /* what surely is on the disk */
bool pending[PLACES];        /* the two differ: the disk may have either */
bool used[PLACES];           /* not to be given out */
byte generation, place;      /* the index, durable */
byte readers;                /* who hold a place that they looked up */
bool stopped;

/* Whatever is lost, the committed page is there. */
#define WHOLE (disk[place] == generation && !pending[place])

inline flush_all()
{
    d_step {
        byte i = 0;
        do
        :: i < PLACES -> disk[i] = cache[i]; pending[i] = false; i++
        :: else -> break
        od;
        i = 0
    }
}

/* The disk may write something by itself. */
active proctype host()
{
    byte p;
    do
    :: stopped -> break
    :: atomic { pending[0] -> p = 0; disk[p] = cache[p]; pending[p] = false }
    :: atomic { pending[1] -> p = 1; disk[p] = cache[p]; pending[p] = false }
    :: atomic { pending[2] -> p = 2; disk[p] = cache[p]; pending[p] = false }
    od
}

active proctype writer()
{
    byte fresh, old;
    used[0] = true;
    do
    :: generation == GENERATIONS -> break
    :: else ->
        /* 1. to a free place */
        if
        :: !used[0] -> fresh = 0
        :: !used[1] -> fresh = 1
        :: !used[2] -> fresh = 2
        fi;
        used[fresh] = true;
#ifdef EARLY_REUSE
        used[place] = false;
        if
        :: !used[0] -> used[fresh] = false; fresh = 0; used[0] = true
        :: !used[1] -> used[fresh] = false; fresh = 1; used[1] = true
        :: !used[2] -> used[fresh] = false; fresh = 2; used[2] = true
        fi;
#endif
        atomic { cache[fresh] = generation + 1; pending[fresh] = true };
        /* the cut may be given up */
        if
        :: used[fresh] = false; goto next
        :: skip
        fi;
#ifndef EARLY_COMMIT
        /* 2. */
#ifndef NO_FLUSH
        flush_all();
#endif
#endif
        /* 3. the commit point */
        old = place;
        atomic { generation = generation + 1; place = fresh };
#ifdef EARLY_COMMIT
        flush_all();
#endif
#ifndef NO_BARRIER
        /* 4. those who read the last generation leave */
        readers == 0;
#endif
        /* 5. */
        used[old] = old == place;
next:   skip
    od;
    stopped = true
}

/* Looks up a place, reads it later: it must still have what was looked up. */
active proctype reader()
{
    byte looked, wanted;
    do
    :: stopped -> break
    :: readers++;
       atomic { looked = place; wanted = generation };
       atomic { assert(cache[looked] == wanted); readers-- }
    od
}

/* The power fails here, and loses what it likes. */
active proctype power()
{
    atomic { !WHOLE -> assert(false) }
}
