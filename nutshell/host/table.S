/* SPDX-License-Identifier: MIT */
/* The table of certificates that the host hands out: one of the test root, see nutshell/test-root. */
	.section .rodata
	.balign 16
	.globl certificate_table, certificate_table_end
certificate_table:
	.incbin "certificates.bin"
certificate_table_end:
	.section .note.GNU-stack, "", @progbits
