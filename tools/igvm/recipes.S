/* SPDX-License-Identifier: MIT */
/* The recipes as they stand in tools/igvm/recipes, with their names; the first is the default. */
	.section .rodata
qemu_text:
	.incbin "tools/igvm/recipes/qemu.recipe"
hyper_v_text:
	.incbin "tools/igvm/recipes/hyper-v.recipe"
vanadium_text:
	.incbin "tools/igvm/recipes/vanadium.recipe"
recipes_end:
qemu_name:
	.asciz "qemu"
hyper_v_name:
	.asciz "hyper-v"
vanadium_name:
	.asciz "vanadium"

	.section .data.rel.ro, "aw"
	.balign 8
	.globl recipes_built_in
recipes_built_in:
	.quad qemu_name, qemu_text, hyper_v_text
	.quad hyper_v_name, hyper_v_text, vanadium_text
	.quad vanadium_name, vanadium_text, recipes_end
	.quad 0, 0, 0

	.section .note.GNU-stack, "", @progbits
