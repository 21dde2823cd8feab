/* SPDX-License-Identifier: MIT */
/* map.h - a picture of the guest's memory: one box a run of pages, by address, with what lies between them. */
#ifndef IGVM_MAP_H
#define IGVM_MAP_H

#include "check.h"

void map_print(const struct summary *summary);

#endif
