{{/*
A role's --config file: what the chart sets, and then the role's own settings, which win.
*/}}
{{- define "lehr.settings" -}}
{{- $settings := dict "log-level" .root.Values.logLevel "log-format" "json" -}}
{{- $_ := set $settings "drain" (printf "%ds" (int .values.drainSeconds)) -}}
{{- $_ := set $settings "insecure" (not .root.Values.tls.enabled | toString) -}}
{{- $_ := set $settings "http-listen" "0.0.0.0:8080" -}}
{{- if eq .role "coordinator" -}}
{{- $_ := set $settings "listen" "0.0.0.0:7100" -}}
{{- $_ := set $settings "state-dir" "/data/state" -}}
{{- if .root.Values.tokens.existingSecret -}}
{{- $_ := set $settings "tls-clients" "optional" -}}
{{- $_ := set $settings "tokens" (printf "/etc/lehr/tokens/%s" .root.Values.tokens.key) -}}
{{- end -}}
{{- else -}}
{{- $_ := set $settings "coordinator" (include "lehr.coordinatorAddress" .root) -}}
{{- end -}}
{{- if eq .role "shard" -}}
{{- $_ := set $settings "listen" "0.0.0.0:7200" -}}
{{- $_ := set $settings "hand-over" (printf "%ds" (int .values.handOverSeconds)) -}}
{{- $_ := set $settings "state-dir" "/data/state" -}}
{{- end -}}
{{- if eq .role "serving" -}}
{{- $_ := set $settings "listen" "0.0.0.0:8500" -}}
{{- $_ := set $settings "http-listen" "0.0.0.0:8501" -}}
{{- $_ := set $settings "model-dir" "/data/models" -}}
{{- end -}}
{{- merge (dict) (default dict .values.settings) $settings | toYaml }}
{{- end }}
