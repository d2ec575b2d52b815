/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VERBS_H
#define VERBS_H
/*
 * The verbs of aiguardctl, one file each: ctl-<verb>.c. A verb gets its own
 * name as argv[0] and everything behind it, reads its own options with
 * getopt_long() (optind is 0), and gives back the exit code. What the exit
 * codes mean is each verb's to say in aiguardctl(1); 2 is always a mistake in
 * how it was called, with usage on stderr.
 */
#define EXIT_USAGE 2

int verb_status(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_scan(int argc, char **argv);
int verb_fingerprint(int argc, char **argv);
int verb_policy(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_violations(int argc, char **argv);
int verb_reload(int argc, char **argv);
int verb_emergency(int argc, char **argv);
int verb_consent(int argc, char **argv);
int verb_grant(int argc, char **argv);
/* declare | list | revoke */
int verb_model(int argc, char **argv);
int verb_workload(int argc, char **argv);
int verb_sensor(int argc, char **argv);

#endif
