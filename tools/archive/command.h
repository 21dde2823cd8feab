/* SPDX-License-Identifier: MIT */
/*
 * command.h - the archive program: packs files into the archive of abi/service.h, and lists one. Returns an exit status: 0 done;
 * 1 failed, or 2 wrong usage, with words on standard error.
 */
#ifndef ARCHIVE_COMMAND_H
#define ARCHIVE_COMMAND_H

int archive_command(int argc, char **argv);

#endif
