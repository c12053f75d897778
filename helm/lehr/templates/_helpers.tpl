{{/* Names and labels. */}}
{{- define "lehr.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for a role and a number behind it. */}}
{{- define "lehr.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "lehr.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "lehr.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Roles are passed with the root context: (dict "root" $ "role" "shard"). */}}
{{- define "lehr.roleName" -}}
{{ include "lehr.fullname" .root }}-{{ .role }}
{{- end }}

{{- define "lehr.selector" -}}
app.kubernetes.io/name: {{ include "lehr.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "lehr.labels" -}}
{{ include "lehr.selector" . }}
app.kubernetes.io/part-of: {{ include "lehr.name" .root }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "lehr.image" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end }}

{{- define "lehr.serviceAccountName" -}}
{{- if .root.Values.serviceAccount.create }}{{ include "lehr.roleName" . }}{{ else }}default{{ end }}
{{- end }}

{{- define "lehr.coordinatorAddress" -}}
{{ include "lehr.roleName" (dict "root" . "role" "coordinator") }}:7100
{{- end }}

{{/* So that gateways and meshes know it. */}}
{{- define "lehr.grpcProtocol" -}}
{{- if not .Values.tls.enabled }}, appProtocol: kubernetes.io/h2c{{ end }}
{{- end }}

{{- define "lehr.claimName" -}}
{{- $claim := index .root.Values .claim -}}
{{- default (printf "%s-%s" (include "lehr.fullname" .root) .claim) $claim.existingClaim }}
{{- end }}

{{/* What values must not say together, and no schema can tell. */}}
{{- define "lehr.check" -}}
{{- if .Values.tls.enabled }}
{{- range $role, $secret := .Values.tls.existingSecrets }}
{{- if and (not $secret) (or (ne $role "client") $.Values.client.enabled) }}
{{- fail (printf "tls.existingSecrets.%s: with tls.enabled every role needs a Secret with its certificates" $role) }}
{{- end }}
{{- end }}
{{- if or .Values.serving.autoscaling.enabled (gt (int .Values.serving.replicas) 1) }}
{{- fail "serving.replicas: with tls.enabled 1, and no autoscaling, as all replicas would have one certificate and so one name" }}
{{- end }}
{{- else if .Values.tokens.existingSecret }}
{{- fail "tokens.existingSecret: tokens need tls.enabled, as others could read them on the way" }}
{{- end }}
{{- end }}
