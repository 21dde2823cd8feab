/* SPDX-License-Identifier: MIT */
/*
 * nutshell.h - the test device of the emulated machine. Real machines do not have it.
 *
 * Guests reach it by port I/O (through their GHCB, like any port). All registers are 32 bits wide. It lets a test
 * compare what the monitor claims with what the silicon's reverse map says, and end the machine with a status.
 */
#ifndef ABI_NUTSHELL_H
#define ABI_NUTSHELL_H

#include <stdint.h>

#define NUTSHELL_PORT_ID 0x0C50u        /* read: NUTSHELL_ID */
#define NUTSHELL_PORT_GPA_LOW 0x0C54u   /* write: address to ask about, bits 31:0 */
#define NUTSHELL_PORT_GPA_HIGH 0x0C58u  /* write: bits 63:32 */
#define NUTSHELL_PORT_RMP 0x0C5Cu       /* read: state of that page, NUTSHELL_RMP_* */
#define NUTSHELL_PORT_PROBE 0x0C60u     /* write 1: the next refused memory access of this level raises #GP(0) in it
                                           instead of stopping the machine; read: 1 while armed */
#define NUTSHELL_PORT_EXITS_ALL 0x0C64u /* read: exits of all levels since power-on, modulo 2^32 */
#define NUTSHELL_PORT_SWITCHES 0x0C68u  /* read: VMPL switches since power-on, modulo 2^32 */
#define NUTSHELL_PORT_EXITS_VMPL0 0x0C6Cu /* read: exits of VMPL0 since power-on, modulo 2^32 */
#define NUTSHELL_PORT_EXIT 0x0C70u      /* write: stop the machine; status 0..63 becomes the exit status */
#define NUTSHELL_PORT_PARAMETER 0x0C74u /* read: the number given with the option parameter=N, else 0 */
#define NUTSHELL_PORT_RESETS 0x0C78u    /* read: resets of the guest since power-on */
#define NUTSHELL_PORT_MARK 0x0C7Cu    /* write: the guest has come to this step, for scripts of attacks */
#define NUTSHELL_PORT_END 0x0C80u

/*
 * The test root: keys that sign Nutshell's reports come from this seed and from nutshell/test-root. Anybody can have them;
 * what they sign proves nothing.
 */
#define NUTSHELL_TEST_SEED "Nutshell test root - not AMD - proves nothing"
#define NUTSHELL_VCEK_FIRST_BYTE 0x55 /* keeps the VCEK's secret below the order of P-384 */
#define NUTSHELL_CHIP_ID "Nutshell test root, not AMD"
#define NUTSHELL_TCB 0x2A17000000000103ull /* boot loader 3, TEE 1, SNP firmware 23, microcode 42 */

#define NUTSHELL_ID 0x4C48534Eu /* "NSHL" */

#define NUTSHELL_RMP_ASSIGNED (1u << 0)
#define NUTSHELL_RMP_VALIDATED (1u << 1)
#define NUTSHELL_RMP_VMSA (1u << 2)
#define NUTSHELL_RMP_2M (1u << 3)
#define NUTSHELL_RMP_RAM (1u << 4) /* the address is RAM that the reverse map covers */
/* Permissions of VMPL n (1..3) in bits 8+4n .. 11+4n: read, write, execute user, execute supervisor. */
#define NUTSHELL_RMP_PERM_SHIFT(vmpl) (8u + 4u * (vmpl))
#define NUTSHELL_RMP_PERM_MASK 0xFu

/*
 * A pattern that monitors of test images plant in memory of their own, and that the machine looks for where it must not
 * be. It is no secret, but it stands nowhere as bytes: who has it has it from there.
 */
#define NUTSHELL_CANARY_WORDS 8u

static inline uint64_t nutshell_canary_word(uint32_t index)
{
	volatile uint64_t seed = 0xA24BAED4963EE407ull; /* or compilers write the words into their programs */
	uint64_t word = (index + 1ull) * seed;

	return (word ^ word >> 27) * 0x9FB21C651E98DF25ull | 1u;
}

/* QEMU's isa-debug-exit device sits here in Nutshell's machine: exit status of QEMU = (value << 1) | 1. */
#define NUTSHELL_DEBUG_EXIT_PORT 0x0501u

#endif
