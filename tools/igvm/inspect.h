/* SPDX-License-Identifier: MIT */
/* inspect.h - the parts of 'igvm inspect': text (inspect.c) and JSON (inspect_json.c). */
#ifndef IGVM_INSPECT_H
#define IGVM_INSPECT_H

#include "source.h"

const char *platform_name(uint8_t type);
const char *range_kind_name(uint32_t kind);
/* Prints the JSON document; an exit status. */
int inspect_json(const struct source *source);

#endif
