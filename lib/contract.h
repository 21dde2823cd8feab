/* SPDX-License-Identifier: MIT */
/*
 * contract.h - what holds at each turn of a loop, for loops over inputs of any length: the model checker shows that it holds
 * at the start, that each turn keeps it, and takes it for what is known behind the loop. To compilers these are nothing.
 */
#ifndef LIB_CONTRACT_H
#define LIB_CONTRACT_H

#ifdef CBMC
#define LOOP_ASSIGNS(...) __CPROVER_assigns(__VA_ARGS__)     /* all that the loop changes */
#define LOOP_INVARIANT(...) __CPROVER_loop_invariant(__VA_ARGS__)
#define LOOP_DECREASES(value) __CPROVER_decreases(value)     /* why it ends */
#define LOOP_OBJECT(pointer) __CPROVER_object_whole(pointer) /* all of what it points into */
#else
#define LOOP_ASSIGNS(...)
#define LOOP_INVARIANT(...)
#define LOOP_DECREASES(value)
#endif

#endif
