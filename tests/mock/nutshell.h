/* SPDX-License-Identifier: MIT */
/*
 * nutshell.h - the silicon below Nutshell's host and security processor, for host programs: RAM in arrays, a reverse map,
 * one page of device registers, and instructions that answer from variables. It stands in for nutshell/cpu, the log, and
 * the instructions of nutshell/asm.h. What Nutshell itself owns is watched: reaching it sets mock_trespass.
 */
#ifndef TESTS_MOCK_NUTSHELL_H
#define TESTS_MOCK_NUTSHELL_H

#include <setjmp.h>

#include "nutshell/host/host.h"
#include "nutshell/host/madt.h"
#include "nutshell/psp.h"

#define MOCK_LOW_END 0x00600000ull /* guest RAM: 6 MiB, and ... */
#define MOCK_HIGH_START 0x100000000ull /* ... 2 MiB above 4 GiB */
#define MOCK_HIGH_END 0x100200000ull
#define MOCK_LAUNCH_VMSA 0xFFFFFFFFF000ull
#define MOCK_GHCB 0x00010000ull
#define MOCK_VMPL 2u

extern uint64_t mock_low_end; /* may be moved up to try other layouts; the RAM stays 6 MiB */
extern bool mock_trespass; /* memory that the guest must not reach was reached, or nothing was there */
extern uint8_t mock_device[PAGE_SIZE];
extern uint64_t mock_device_accesses;
extern uint64_t mock_vmsa_in_use; /* rmp_update() refuses this page */
extern uint64_t mock_tsc;
extern uint32_t mock_out_count; /* OUT instructions, and the last of them */
extern uint16_t mock_out_port;
extern uint32_t mock_out_value;
extern uint32_t mock_in_value; /* what IN reads */
extern uint32_t mock_port_value[65536]; /* what OUT wrote last, by port */
/* PCI configuration spaces: the first has number 0, the second 8 * 31 + 3; there are no others. NULL: no PCI, IN as elsewhere. */
#define MOCK_PCI_SECOND (8u * 31u + 3u)
extern uint32_t (*mock_pci)[64];
extern uint64_t mock_deadline; /* last vcpu_set_timer() */
extern uint64_t mock_watched; /* last machine_watch() */
extern uint32_t mock_interrupt; /* last vcpu_set_interrupt() */
extern uint32_t mock_injected; /* vector of the last vcpu_inject(), ~0: none */
extern int mock_switch_result; /* answer of vcpu_switch() */
extern uint32_t mock_switched_to; /* ~0: no switch */
extern uint8_t mock_certificates[3 * PAGE_SIZE]; /* what the host hands out */
extern uint64_t mock_certificates_size;

/* Files of QEMU's fw_cfg; the first has key MOCK_FILE_KEY, the next the one behind it. */
#define MOCK_FILE_KEY 0x20u
struct mock_file {
	const char *name;
	const void *data;
	uint32_t size;
};
extern const struct mock_file *mock_files;
extern uint32_t mock_file_count;

/* Fresh RAM (shared, all of one content), two vCPUs, the first at MOCK_VMPL with a registered, empty GHCB; a new launch. */
void mock_reset(void);
/* The same with the launch as it was: keys take time. */
void mock_restart(void);

uint8_t *mock_ram(uint64_t gpa);
struct rmp_entry *mock_rmp(uint64_t gpa);
/* The page becomes validated guest memory. */
void mock_give(uint64_t gpa);

static inline struct ghcb *mock_ghcb(void)
{
	return (struct ghcb *)(void *)mock_ram(MOCK_GHCB);
}

/* Puts a value into a field of the GHCB and marks it valid. */
void mock_set(uint64_t *field, uint64_t value);
#define MOCK_SET(field, value) mock_set(&mock_ghcb()->field, (value))
bool mock_is_valid(const uint64_t *field);
/* Issues an event as guests do. False: it ended the machine; mock_stop_status and mock_stop_text say how. */
bool mock_event(uint64_t code, uint64_t info_1, uint64_t info_2);

/* Where machine_stop() and machine_power_off() return to: if (MOCK_STOPS()) { stopped } else { call }. */
#define MOCK_STOPS() (mock_armed = true, setjmp(mock_stop_place) != 0)
extern bool mock_armed;
extern jmp_buf mock_stop_place;
extern unsigned mock_stop_status;
extern char mock_stop_text[300];
extern char mock_log_text[300]; /* last line of the log */

#endif
