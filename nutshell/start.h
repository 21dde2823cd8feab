/* SPDX-License-Identifier: MIT */
/*
 * start.h - the seam between boot/ and the rest: what is handed over when the image has moved to the top of RAM.
 */
#ifndef NUTSHELL_START_H
#define NUTSHELL_START_H

#include "lib/types.h"

/* All physical memory below 512 GiB is mapped from here on in Nutshell's own page tables. */
#define PHYS_BASE 0xFFFF800000000000ull

struct memory_layout {
	uint64_t low_end;    /* guest RAM below 4 GiB ends here; the hidden run starts here, with the image */
	uint64_t hidden_end; /* end of RAM below 4 GiB */
	uint64_t high_end;   /* RAM above 4 GiB ends here; 4 GiB when there is none */
};

static inline uint64_t virt_to_phys_map(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer - PHYS_BASE;
}

/* Stops with a clear line when QEMU's processor lacks what Nutshell needs. */
void cpu_check_features(void);

/* Takes over memory: pool is the start of free hidden memory. Called once, after the image has moved. */
void memory_init(const struct memory_layout *layout, uint64_t pool);

/* Makes the reverse map, the nested page tables and the permission maps; then cpu_init_this() for the first vCPU. */
void cpu_init(void);

/* Turns SVM on for the processor that executes it and gives it its vCPU. */
void cpu_init_this(uint32_t index);

/* Starts the other processors, one after the other; each waits for its vCPU to be created. Stops when one is silent. */
void boot_start_processors(uint32_t count);

/* Loads GDT and IDT into the processor that executes it. */
void load_descriptor_tables(void);

/*
 * host/options.c: what ram=MIB says, in bytes, of the first such word that is a number of at most RAM_MIB_MAX; 0: nothing. It is
 * needed before options_parse(), which refuses what is none.
 */
#define RAM_MIB_MAX (1ull << 24)
uint64_t options_ram(const char *command_line);

/* main.c: launches the image and runs it. */
void nutshell_main(const char *command_line, const void *igvm, uint64_t igvm_size) __noreturn;

#endif
